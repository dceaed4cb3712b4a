import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnswerRoom } from '../../../sandbox/process/answer-room.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { SessionRuntime } from '../../../src/runtime/session-runtime.ts';
import { settled } from '../../support/gates.ts';

const MIB = 1 << 20;

/** Room in a pipe with so many unread bytes, and who was let in. */
function setUp(unreadBytes: number) {
  const pipe = { unreadBytes };
  const room = new AnswerRoom(() => pipe.unreadBytes);
  const log: string[] = [];
  const wait = (run: number, name: string) =>
    void (room.wait(run) ?? Promise.reject(new Error('there is room'))).then((hasRoom) =>
      log.push(hasRoom ? name : `${name} over`),
    );
  return { pipe, room, log, wait };
}

describe('AnswerRoom', () => {
  it('has room as long as less than 4 MiB are unread', () => {
    assert.equal(setUp(4 * MIB - 1).room.wait(1), null);
    assert.notEqual(setUp(4 * MIB).room.wait(1), null);
  });

  it('lets those that wait go first, program by program', async () => {
    const { pipe, room, log, wait } = setUp(4 * MIB);
    for (const name of ['1a', '1b', '1c']) wait(1, name);
    wait(2, '2a');
    pipe.unreadBytes = 0;
    wait(2, '2b');
    room.drained();
    room.drained();
    while (log.length < 5) await settled();
    assert.deepEqual(log, ['1a', '2a', '1b', '2b', '1c']);
    assert.equal(room.wait(1), null);
  });

  it('lets one in a turn go, and none while the pipe is full again', async () => {
    const { pipe, room, log, wait } = setUp(4 * MIB);
    wait(1, 'a');
    wait(1, 'b');
    pipe.unreadBytes = 0;
    room.drained();
    pipe.unreadBytes = 4 * MIB;
    await settled();
    assert.deepEqual(log, ['a']);
    pipe.unreadBytes = 0;
    room.drained();
    await settled();
    assert.deepEqual(log, ['a', 'b']);
  });

  it('keeps nobody waiting for a program that is over', async () => {
    const { room, log, wait } = setUp(4 * MIB);
    wait(1, 'a');
    wait(2, 'b');
    wait(1, 'c');
    room.leave(1);
    room.leave(3);
    await settled();
    assert.deepEqual(log, ['a over', 'c over']);
  });
});

describe('Large results that come together', { timeout: 60_000 }, () => {
  const COUNT = 600;
  const sum = `let sum = 0; await Promise.all(Array.from({ length: ${COUNT} }, () => tools.large().then((r) => { sum += r.length })));`;

  async function withLargeResults(run: (session: SessionRuntime) => Promise<void>) {
    await using sandbox = processSandbox({ spares: 0 });
    const result = 'x'.repeat(1_000_000);
    const all = Promise.withResolvers<string>();
    let calls = 0;
    const delegate = {
      invokeTool: () => {
        calls += 1;
        if (calls === COUNT) all.resolve(result);
        return all.promise;
      },
      async notify() {},
    };
    const tools = [{ name: 'large', description: '' }];
    await using session = new SessionRuntime({ sandbox, delegate, tools });
    await run(session);
  }

  it('all reach their program, though together they are more than its process may leave unread', async () => {
    await withLargeResults(async (session) => {
      const { first } = await session.execute({
        source: `${sum} text(String(sum))`,
        observe: { yieldAfterMs: 60_000 },
      });
      const event = await first;
      assert.ok(event.type === 'completed' && event.failure === null, JSON.stringify(event));
      assert.deepEqual(event.items, [{ type: 'input_text', text: '600000000' }]);
    });
  });

  it('do not keep a cell from being terminated while they wait', async () => {
    await withLargeResults(async (session) => {
      const source = `Promise.all(Array.from({ length: ${COUNT} }, () => tools.large().then(() => { yield_control(); for (;;); }))); await new Promise(() => {})`;
      const { cellId, first } = await session.execute({
        source,
        observe: { yieldAfterMs: 60_000 },
      });
      await first;
      assert.equal((await session.terminate(cellId)).type, 'terminated');
      assert.equal(session.counts.abandoned, 0);
    });
  });
});
