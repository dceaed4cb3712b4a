import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OWN_CAPABILITIES, V1_CAPABILITIES } from '../../../host/wire/capabilities.ts';
import type { FakeProgram } from '../../support/fake-sandbox.ts';
import { CLIENT_KINDS, HOST_KINDS } from '../../support/message-kinds.ts';
import { OWN_CLIENT_MESSAGES } from '../../support/own-messages.ts';
import { CLIENT_MESSAGES } from '../../support/v1-messages.ts';
import { connect, connectWithSession, hostOf } from '../../support/v1-peer.ts';
import { wireMoves } from '../../support/wire-moves.ts';
import { type Heard, WirePlay } from '../../support/wire-play.ts';

const TEXTS = [...CLIENT_MESSAGES, ...OWN_CLIENT_MESSAGES];
/** Plays of a round. */
const RUNS = 1_000;
/** Rare kinds may need more than one. */
const MOST_ROUNDS = 10;
/** One play takes some milliseconds; a longer one hangs. */
const PLAY_MS = 10_000;
/** All plays of a round take no longer on a slow machine. */
const ALL_MS = 30_000;

const frontier: FakeProgram = (run) => {
  run.start();
  run.frontier();
};

describe('A host whose clients send anything', () => {
  it('answers each request at most once, survives, and covers every kind of message', async () => {
    const { host } = hostOf({ programs: { frontier } });
    const { peer: bystander } = await connectWithSession(host);
    const all: Heard = { said: new Set(), heard: new Set() };
    const capabilities = fc.subarray([...V1_CAPABILITIES, ...OWN_CAPABILITIES]);
    const play = fc.asyncProperty(capabilities, wireMoves(TEXTS), async (has, moves) => {
      const { peer, ended } = connect(host);
      await peer.hello(...has);
      try {
        await new WirePlay(peer, has.includes('cellhost.cells'), all).play(moves);
      } finally {
        await peer.close();
      }
      const error = await ended;
      assert.ok(error === null || error instanceof Error);
      assert.deepEqual(host.counts, { connections: 1, sessions: 1 });
    });
    const isCovered = () =>
      all.heard.size === HOST_KINDS.length && all.said.size === CLIENT_KINDS.length;
    for (let round = 0; round < MOST_ROUNDS && !isCovered(); round += 1) {
      await fc.assert(play, { numRuns: RUNS, timeout: PLAY_MS, interruptAfterTimeLimit: ALL_MS });
    }
    assert.match(JSON.stringify(await bystander.initial(bystander.execute('hi'))), /"hi"/);
    assert.deepEqual([...all.said].toSorted(), CLIENT_KINDS.toSorted());
    assert.deepEqual([...all.heard].toSorted(), HOST_KINDS.toSorted());
  });
});
