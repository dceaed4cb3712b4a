import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect, hostOf } from '../../support/v1-peer.ts';

const REMEMBERED = 4_096;

/** A peer whose latest request has this id: all of them from 1 were answered. */
async function afterRequests(count: number) {
  const { peer, ended } = connect(hostOf().host);
  await peer.hello();
  let last = 0;
  while (last < count) last = peer.request('session/shutdown', { sessionId: 'nowhere' });
  await peer.answer(last);
  return { peer, ended };
}

function again(id: number): object {
  const request = { method: 'session/open', sessionId: 's' };
  return { type: 'operation/request', id, request };
}

describe('A host', () => {
  it('refuses the id of any of the latest 4,096 requests', async () => {
    const { peer, ended } = await afterRequests(REMEMBERED);
    peer.send(again(1));
    assert.equal((await ended)?.message, 'duplicate code-mode request ID 1');
  });

  it('accepts an older id again, but not the one after it', async () => {
    const { peer, ended } = await afterRequests(REMEMBERED + 1);
    peer.send(again(1));
    const isIt = ({ id, result }: { id?: unknown; result?: unknown }) =>
      id === 1 && JSON.stringify(result).includes('session/ready');
    await peer.next(isIt);
    // The answer to the second 1 has pushed 2 out; 3 is the oldest now.
    peer.send(again(3));
    assert.equal((await ended)?.message, 'duplicate code-mode request ID 3');
  });
});
