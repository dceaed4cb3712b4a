import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Manners,
  PEER_MOVES,
  type PeerMove,
  TruthfulPeer,
} from '../../support/truthful-peer.ts';

const requests = (words: readonly string[]) => words.filter((word) => word.startsWith('?'));

function check(manners: Manners, moves: readonly PeerMove[]): void {
  const peer = new TruthfulPeer(manners);
  for (const move of moves) {
    peer.play(move);
    assert.deepEqual(peer.astray, []);
    assert.deepEqual(peer.owed, [], 'a request waits that can be of one creation only');
  }
  for (const creation of peer.underWay) peer.end(creation, 'made');
  assert.deepEqual(peer.astray, []);
  for (const { id, state, sent, arrived } of peer.creations) {
    const came = requests(arrived);
    const asked = requests(sent);
    assert.equal(new Set(arrived).size, arrived.length, `${id} got something twice`);
    if (state === 'made') assert.deepEqual(came, asked);
    else
      assert.deepEqual(
        came,
        asked.filter((word) => came.includes(word)),
      );
    const answered = asked.filter((word) => peer.rig.replies.has(word.slice(1)));
    assert.deepEqual([...came, ...answered].sort(), [...asked].sort());
    if (state === 'made') assert.deepEqual([...arrived].sort(), [...sent].sort());
  }
  const { parked, guards, hookFailures } = peer.rig.router.stats;
  assert.deepEqual([parked, guards, hookFailures], [0, 0, 0]);
  peer.rig.assertNothingLost();
}

describe('PendingRouter, with a peer whose creations overlap', () => {
  for (const manners of ['never', 'always', 'sometimes'] as const) {
    it(`C12 offers items to their own guard only, if the peer sends tokens ${manners}`, (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      fc.assert(
        fc.property(PEER_MOVES, (moves) => check(manners, moves)),
        { numRuns: 5_000 },
      );
    });
  }
});
