import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GrpcDriver } from './grpc-driver.ts';
import { LifecycleRun, type Step } from './lifecycle-run.ts';
import { SCENARIOS } from './lifecycle-scenarios.ts';
import { comparable, readRecorded } from './recorded-answers.ts';

const RECORDED = readRecorded('oracle-lifecycle.json') as Readonly<Record<string, readonly Step[]>>;
const LIMIT_MS = 15_000;

/** Scenarios of frames, greetings and ids that the client chooses: gRPC has none of them. */
const NOT_OVER_GRPC = [
  'second hello',
  'unknown type',
  'bad json',
  'truncated frame then eof',
  'eof before hello',
  'no hello',
  'hello required unknown',
  'hello unknown field',
  'no caps',
  'open twice',
  'open reuse after shutdown',
  'unknown session',
  'cancel unknown',
  'delegate wrong kind',
];

/** What happened, by label: nothing is promised about the order of different streams. */
function byLabel(steps: readonly Step[]): Readonly<Record<string, unknown>> {
  const labels: Record<string, unknown[]> = {};
  for (const [label, ...rest] of steps) {
    if (label === 'cell/closed') continue;
    const list = labels[String(label)] ?? [];
    labels[String(label)] = list;
    list.push(comparable(rest));
  }
  return labels;
}

describe('The recorded lifecycle of the reference host, over gRPC', { concurrency: 2 }, () => {
  for (const [name, recorded] of Object.entries(RECORDED)) {
    if (NOT_OVER_GRPC.includes(name)) continue;
    it(name, { timeout: LIMIT_MS }, async ({ signal }) => {
      await using run = new LifecycleRun(signal, GrpcDriver);
      await SCENARIOS[name]!(run);
      for (const [label, cellId] of recorded) {
        if (label === 'cell/closed') await run.seen(['cell/closed', cellId]);
      }
      await run.end();
      assert.deepEqual(byLabel(run.steps), byLabel(recorded));
    });
  }

  it('leaves out only what gRPC has not', () => {
    assert.equal(Object.keys(RECORDED).length - NOT_OVER_GRPC.length, 20);
    for (const name of NOT_OVER_GRPC) assert.ok(name in RECORDED, name);
  });
});
