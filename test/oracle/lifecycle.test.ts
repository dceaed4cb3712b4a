import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LifecycleRun, type Step } from './lifecycle-run.ts';
import { SCENARIOS } from './lifecycle-scenarios.ts';
import { comparable, readRecorded } from './recorded-answers.ts';

const RECORDED = readRecorded('oracle-lifecycle.json') as Readonly<Record<string, readonly Step[]>>;
const LIMIT_MS = 15_000;
/** Hosts at once: most of the time one of them waits. */
const AT_ONCE = 4;

const isClosed = ([label]: Step) => label === 'cell/closed';
const isOther = (step: Step) => !isClosed(step);

/** Each cell that the recording saw closed is closed here too, before the input ends. */
async function closedAsRecorded(run: LifecycleRun, recorded: readonly Step[]): Promise<void> {
  const counts = new Map<unknown, number>();
  for (const [, cellId] of recorded.filter(isClosed)) {
    const count = (counts.get(cellId) ?? 0) + 1;
    counts.set(cellId, count);
    await run.seen(['cell/closed', cellId], count);
  }
}

/** How often something happened. */
const count = (steps: readonly Step[], fits: (step: Step) => boolean) => steps.filter(fits).length;

describe('The recorded lifecycle of the reference host', { concurrency: AT_ONCE }, () => {
  for (const [name, recorded] of Object.entries(RECORDED)) {
    it(name, { timeout: LIMIT_MS }, async ({ signal }) => {
      await using run = new LifecycleRun(signal);
      const drive = SCENARIOS[name];
      assert.ok(drive, 'the scenario is driven');
      await drive(run);
      await closedAsRecorded(run, recorded);
      await run.end();
      assert.deepEqual(comparable(run.steps.filter(isOther)), comparable(recorded.filter(isOther)));
      const started = count(run.steps, ([label, result]) => {
        return label === 'started' && (result as { status: string }).status === 'ok';
      });
      assert.ok(count(run.steps, isClosed) <= started, 'no cell is closed twice');
    });
  }

  it('is driven scenario by scenario', () => {
    assert.deepEqual(Object.keys(SCENARIOS).sort(), Object.keys(RECORDED).sort());
    assert.equal(Object.keys(RECORDED).length, 34);
  });
});
