import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Receipts } from '../../../../host/grpc/server/receipts.ts';
import type { ServerCall } from '../../../../host/grpc/server/server-call.ts';

/** Notes the messages and ends of its calls. */
class Notes {
  readonly told: string[] = [];

  call(name: string): ServerCall {
    const call: Pick<ServerCall, 'send' | 'end'> = {
      send: (message) =>
        this.told.push(`${name}: ${Buffer.from(message as Buffer).toString('hex')}`),
      end: () => this.told.push(`${name} ends`),
    };
    return call as ServerCall;
  }
}

describe('Receipts', () => {
  it('are sent at the end of the turn, in their order, each once', async () => {
    const notes = new Notes();
    const receipts = new Receipts();
    receipts.add(notes.call('a'));
    receipts.add(notes.call('b'));
    await Promise.resolve();
    assert.deepEqual(notes.told, []);
    await setImmediate();
    const both = ['a: 0000000000', 'a ends', 'b: 0000000000', 'b ends'];
    assert.deepEqual(notes.told, both);
    receipts.add(notes.call('c'));
    await setImmediate();
    assert.deepEqual(notes.told, [...both, 'c: 0000000000', 'c ends']);
  });
});
