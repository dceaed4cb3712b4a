import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { Connection, LARGE_MESSAGE_BYTES } from '../../../host/wire/connection.ts';
import type { LargeReading, ReadMessage } from '../../../host/wire/large-message.ts';
import type { Transport } from '../../../host/wire/transport.ts';

const LARGE = JSON.stringify('x'.repeat(LARGE_MESSAGE_BYTES));

/** A large message that is read for as long as the test wants. */
class Gate implements LargeReading {
  #read: (() => ReadMessage) | null = null;

  readOn(): ReadMessage | null {
    return this.#read?.() ?? null;
  }

  open(read: () => ReadMessage = () => ({ message: 'large' })): void {
    this.#read = read;
  }
}

function setUp(
  also: (connection: Connection, theirs: Transport, message: unknown) => void = () => {},
) {
  const [ours, theirs] = memoryTransports();
  theirs.start({ message: () => {}, closed: () => {} });
  const connection = new Connection(ours);
  const gate = new Gate();
  const seen: string[] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  connection.start({
    message: (message) => {
      seen.push(String(message));
      also(connection, theirs, message);
    },
    large: () => {
      begin();
      return gate;
    },
    read: ({ message }) => {
      seen.push(String(message));
      also(connection, theirs, message);
    },
    closed: (error) => {
      seen.push(`closed: ${error?.message ?? 'in order'}`);
      end();
    },
  });
  return { connection, theirs, gate, seen, begun, ended };
}

async function turns(count = 10): Promise<void> {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('A large message', () => {
  it('is delivered before those behind it, and lets everything else run meanwhile', async () => {
    const { theirs, gate, seen, begun, ended } = setUp();
    theirs.send('"before"');
    theirs.send(LARGE);
    theirs.send('"after"');
    await begun;
    await turns();
    assert.deepEqual(seen, ['before']);
    gate.open();
    await turns();
    assert.deepEqual(seen, ['before', 'large', 'after']);
    await theirs.close();
    await ended;
  });

  it('is read to its end when the peer has ended behind it, and then the end is told', async () => {
    const { theirs, gate, seen, begun, ended } = setUp();
    theirs.send(LARGE);
    void theirs.close();
    await begun;
    await turns();
    assert.deepEqual(seen, []);
    gate.open();
    await ended;
    assert.deepEqual(seen, ['large', 'closed: in order']);
  });

  it('is dropped when the connection fails', async () => {
    const { connection, theirs, gate, seen, begun, ended } = setUp();
    theirs.send(LARGE);
    await begun;
    connection.fail(new Error('enough'));
    await turns();
    gate.open();
    await ended;
    assert.deepEqual(seen, ['closed: enough']);
  });

  it('fails the connection if it cannot be read', async () => {
    const { theirs, gate, seen, begun, ended } = setUp();
    theirs.send(LARGE);
    theirs.send('"after"');
    await begun;
    await turns();
    gate.open(() => {
      throw new Error('no JSON');
    });
    await ended;
    assert.deepEqual(seen, ['closed: no JSON']);
  });

  it('does not resume reading that was paused meanwhile, nor keep paused what was resumed', async () => {
    const { connection, theirs, gate, seen, begun, ended } = setUp();
    theirs.send(LARGE);
    theirs.send('"after"');
    await begun;
    connection.pause();
    await turns();
    connection.resume();
    await turns();
    assert.deepEqual(seen, []);
    connection.pause();
    gate.open();
    await turns();
    assert.deepEqual(seen, ['large']);
    connection.resume();
    await turns();
    assert.deepEqual(seen, ['large', 'after']);
    await connection.close();
    await ended;
  });

  it('keeps its transport paused until it is read, whoever wants to read on', async () => {
    const [ours, theirs] = memoryTransports();
    let isPaused = false;
    const pause = ours.pause.bind(ours);
    const resume = ours.resume.bind(ours);
    ours.pause = () => {
      isPaused = true;
      pause();
    };
    ours.resume = () => {
      isPaused = false;
      resume();
    };
    theirs.start({ message: () => {}, closed: () => {} });
    const gate = new Gate();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const connection = new Connection(ours);
    connection.start({
      message: () => {},
      large: () => {
        begin();
        return gate;
      },
      closed: () => {},
    });
    theirs.send(LARGE);
    await begun;
    await turns(1);
    assert.equal(isPaused, true);
    connection.pause();
    connection.resume();
    assert.equal(isPaused, true);
    gate.open();
    await turns();
    assert.equal(isPaused, false);
    await connection.close();
  });

  it('keeps reading paused if its receiver pauses', async () => {
    const { connection, theirs, gate, seen, begun, ended } = setUp((paused) => paused.pause());
    theirs.send(LARGE);
    theirs.send('"after"');
    await begun;
    await turns();
    gate.open();
    await turns();
    assert.deepEqual(seen, ['large']);
    connection.resume();
    await turns();
    assert.deepEqual(seen, ['large', 'after']);
    await connection.close();
    await ended;
  });

  it('belongs to whoever has taken the connection when it was read', async () => {
    const { connection, theirs, gate, seen, begun } = setUp();
    theirs.send(LARGE);
    void theirs.close();
    await begun;
    await turns();
    const taken: string[] = [];
    const over = new Promise<void>((resolve) => {
      connection.take({
        message: () => {},
        read: ({ message }) => taken.push(String(message)),
        closed: () => {
          taken.push('closed');
          resolve();
        },
      });
    });
    gate.open();
    await over;
    assert.deepEqual([seen, taken], [[], ['large', 'closed']]);
  });

  it('is parsed like any other if its receiver does not read large ones', async () => {
    const [ours, theirs] = memoryTransports();
    const connection = new Connection(ours);
    theirs.start({ message: () => {}, closed: () => {} });
    const { promise, resolve } = Promise.withResolvers<unknown>();
    connection.start({ message: resolve, closed: () => {} });
    theirs.send(LARGE);
    assert.equal(await promise, JSON.parse(LARGE));
    await connection.close();
  });
});
