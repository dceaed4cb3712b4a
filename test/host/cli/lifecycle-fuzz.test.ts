import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { connect } from '../../../host/client/spawn-host.ts';
import { fuzzMs, fuzzSeed, fuzzTimeout } from '../../support/fuzz-bounds.ts';
import { settled } from '../../support/gates.ts';
import { LifecycleClient } from '../../support/lifecycle-client.ts';
import { type Life, lives } from '../../support/lifecycle-moves.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ServedHost } from '../../support/served-host.ts';

const LIVES_MS = 3_000;
const ENDS_MS = 2_000;
/** A host is asked to end within so many turns after its clients came. */
const MAX_TURNS = 8_000;

/** Plays one round after the other until the time is over; a failure names the seed of its round. */
async function fuzz(ms: number, round: (among: readonly Life[], seed: number) => Promise<void>) {
  const end = performance.now() + ms;
  for (let seed = fuzzSeed(); performance.now() < end; seed += 1) {
    const [among = []] = fc.sample(lives, { seed, numRuns: 1 });
    try {
      await round(among, seed);
    } catch (cause) {
      const text = `With CELLHOST_FUZZ_SEED=${seed}: ${cause}\n${JSON.stringify(among, null, 1)}`;
      throw new Error(text, { cause });
    }
  }
}

/** Clients live one life after the other until the host is gone. What it says to them is checked elsewhere. */
async function comeAndGo(host: ServedHost, among: readonly Life[]): Promise<void> {
  let isGone = false;
  void host.exit.then(() => {
    isGone = true;
  });
  const visit = async (life: Life) => {
    while (!isGone) await LifecycleClient.live(host, life).catch(() => {});
  };
  await Promise.all(among.map(visit));
}

/** What a host wrote to standard error that is no line of its log: how it crashed. */
function strayWords(words: string): string {
  return words.replaceAll(/^\{.*\}\n/gm, '');
}

describe('A host whose clients come, live and leave as they like', {
  timeout: fuzzTimeout(2),
}, () => {
  it('says of each cell once that it is closed, and is empty when they are gone', async () => {
    await using host = await ServedHost.start({ logLevel: 'info' });
    await fuzz(fuzzMs(LIVES_MS), async (among) => {
      await Promise.all(among.map((life) => LifecycleClient.live(host, life)));
      assert.ok(host.isAlive, host.words);
    });
    await host.emptied();
    const client = await connect(host.url);
    const session = await client.openSession({ delegate: new ScriptedDelegate() });
    const { first } = await session.execute({ source: `text('alive')` });
    assert.deepEqual((await first).items, [{ type: 'input_text', text: 'alive' }]);
    await client.close();
    const { code, signal, words } = await host.end();
    assert.deepEqual([code, signal, strayWords(words)], [0, null, '']);
  });

  it('ends with 0 at SIGTERM, whenever it comes', async () => {
    await fuzz(fuzzMs(ENDS_MS), async (among, seed) => {
      await using host = await ServedHost.start({ logLevel: 'info' });
      const visits = comeAndGo(host, among);
      for (let turn = 0; turn < seed % MAX_TURNS; turn += 1) await settled();
      const { code, signal, words } = await host.end();
      assert.deepEqual([code, signal, strayWords(words)], [0, null, '']);
      await visits;
    });
  });
});
