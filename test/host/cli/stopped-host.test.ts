import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { connect } from '../../../host/client/spawn-host.ts';
import type { Delegate } from '../../../src/delegate.ts';
import { fuzzSeed } from '../../support/fuzz-bounds.ts';
import { settled } from '../../support/gates.ts';
import { ServedHost } from '../../support/served-host.ts';

const CLIENTS = 4;
const CELLS = 12;
const SOURCE = `
  text('x'.repeat(100_000));
  const answers = await Promise.all([1, 2, 3].map((n) => tools.echo({ n })));
  notify(answers.map(({ n }) => n).join());
  yield_control();
  const count = (load('count') ?? 0) + 1;
  store('count', count);
  text(count);`;

const turns = fc.tuple(fc.nat(30), fc.nat(30));

/** Stops and continues a host until the work is done, each for some turns of ours. */
async function stopAtRandom(
  host: ServedHost,
  seed: number,
  work: Promise<unknown>,
): Promise<number> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  let stops = 0;
  for (; !isDone; stops += 1) {
    const [[running, stopped] = [0, 0]] = fc.sample(turns, { seed: seed + stops, numRuns: 1 });
    for (let turn = 0; turn < running; turn += 1) await settled();
    await host.freeze(stopped);
  }
  return stops;
}

/** One client whose cells run one after the other; each counts in the session's stored values. */
async function work(url: string): Promise<readonly string[]> {
  const notes: string[] = [];
  const delegate: Delegate = {
    invokeTool: async ({ input }) => input,
    notify: async ({ text }) => void notes.push(text),
  };
  const client = await connect(url);
  const session = await client.openSession({
    delegate,
    tools: [{ name: 'echo', description: '' }],
  });
  for (let cell = 1; cell <= CELLS; cell += 1) {
    const { cellId, first } = await session.execute({
      source: SOURCE,
      observe: { yieldAfterMs: 60_000 },
    });
    const begun = await first;
    const rest =
      begun.type === 'yielded' ? await session.observe(cellId, { yieldAfterMs: 60_000 }) : null;
    const items = [...begun.items, ...(rest?.items ?? [])];
    const lengths = items.map((item) => (item.type === 'input_text' ? item.text.length : -1));
    assert.deepEqual([items.length, lengths[0]], [2, 100_000]);
    assert.deepEqual(items[1], { type: 'input_text', text: String(cell) });
    assert.equal((rest ?? begun).type, 'completed');
  }
  await client.close();
  return notes;
}

describe('A host that is stopped and continued while its clients work', { concurrency: 3 }, () => {
  for (const listen of [undefined, 'tcp:127.0.0.1:0', 'ws://127.0.0.1:0']) {
    const kind = listen?.split(':', 1)[0] ?? 'unix';

    it(`loses nothing over ${kind}`, async () => {
      const seed = fuzzSeed();
      await using host = await ServedHost.start(listen === undefined ? {} : { listen });
      const all = Promise.all(Array.from({ length: CLIENTS }, () => work(host.url)));
      const stops = await stopAtRandom(host, seed, all);
      try {
        assert.ok(stops > 0);
        for (const notes of await all) assert.deepEqual(notes, Array(CELLS).fill('1,2,3'));
        assert.deepEqual(await host.end(), { code: 0, signal: null, words: '' });
      } catch (cause) {
        throw new Error(`With CELLHOST_FUZZ_SEED=${seed}: ${cause}`, { cause });
      }
    });
  }
});
