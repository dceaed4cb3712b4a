import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connection } from '../../../host/wire/connection.ts';
import type { MessageBody, Transport } from '../../../host/wire/transport.ts';

/** A connection over a transport that notes what it is given. */
function setUp() {
  const sent: string[] = [];
  const transport: Transport = {
    peer: 'notes',
    queuedBytes: 0,
    isOpen: true,
    closeWithinMs: 1,
    start: () => {},
    send: (body: MessageBody) => {
      sent.push(typeof body === 'string' ? body : body.toString());
    },
    drained: () => undefined,
    pause: () => {},
    resume: () => {},
    close: async () => {
      sent.push('closed');
    },
    destroy: () => {},
  };
  return { sent, connection: new Connection(transport) };
}

describe('A message that is sent soon', () => {
  it('leaves right before the next one, whatever form that has', () => {
    const { connection, sent } = setUp();
    connection.sendSoon({ n: 1 });
    connection.sendSoon({ n: 2 });
    assert.deepEqual(sent, []);
    connection.send({ n: 3 });
    connection.sendSoon({ n: 4 });
    connection.sendText('5');
    connection.sendSoon({ n: 6 });
    void connection.sendPieces([Buffer.from('7')], () => 1);
    assert.deepEqual(sent, ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}', '5', '{"n":6}', '7']);
  });

  it('leaves alone after 5 ms, once', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { connection, sent } = setUp();
    connection.sendSoon({ n: 1 });
    t.mock.timers.tick(4);
    assert.deepEqual(sent, []);
    t.mock.timers.tick(1);
    assert.deepEqual(sent, ['{"n":1}']);
    connection.sendSoon({ n: 2 });
    connection.send({ n: 3 });
    t.mock.timers.tick(10);
    assert.deepEqual(sent, ['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  it('leaves before the connection is closed', async () => {
    const { connection, sent } = setUp();
    connection.sendSoon({ n: 1 });
    await connection.close();
    assert.deepEqual(sent, ['{"n":1}', 'closed']);
  });
});
