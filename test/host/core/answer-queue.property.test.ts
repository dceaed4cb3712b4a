import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AnswerQueue } from '../../../host/core/answer-queue.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { Connection } from '../../../host/wire/connection.ts';
import { isSettled, settled } from '../../support/gates.ts';

type Move =
  | { readonly type: 'send'; readonly length: number }
  | { readonly type: 'fail' | 'pause' | 'resume' | 'settle' };

const MAX_UNREAD = 1_000;
const MAX_LENGTH = 400;

const MOVES: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('send' as const),
        length: fc.nat(MAX_LENGTH),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constantFrom('fail', 'pause', 'resume', 'settle') }),
    },
  ),
  { maxLength: 40, size: 'max' },
);

/** A queue whose client reads on demand. */
class Play {
  readonly received: number[] = [];
  readonly sent: number[] = [];
  readonly outcomes: Promise<string>[] = [];
  readonly #ends = memoryTransports({ highWaterBytes: 200 });
  readonly #connection = new Connection(this.#ends[1]);
  readonly queue = new AnswerQueue(this.#connection, MAX_UNREAD);
  #count = 0;

  constructor() {
    this.#connection.start({ message() {}, closed() {} });
    this.#ends[0].start({
      message: (body) => this.received.push(JSON.parse(body.toString('utf8')).n),
      closed() {},
    });
  }

  async play(move: Move): Promise<void> {
    const [client] = this.#ends;
    if (move.type === 'send') this.#send(move.length);
    else if (move.type === 'fail') this.#fail();
    else if (move.type === 'settle') await settled();
    else client[move.type]();
    const { queuedBytes } = this.#connection;
    assert.ok(queuedBytes <= MAX_UNREAD + MAX_LENGTH + 50, `${queuedBytes} bytes were queued`);
  }

  #send(length: number): void {
    this.#count += 1;
    const n = this.#count;
    const sent = this.queue.send(() => {
      this.sent.push(n);
      this.#connection.send({ n, text: 'x'.repeat(length) });
    });
    this.outcomes.push(Promise.resolve(sent).then(() => 'sent'));
  }

  /** One that cannot be encoded fails alone. */
  #fail(): void {
    const boom = () => {
      throw new Error('boom');
    };
    const sent = new Promise((resolve) => resolve(this.queue.send(boom)));
    this.outcomes.push(sent.then(String, (error: Error) => error.message));
  }

  resume(): void {
    this.#ends[0].resume();
  }

  lose(): void {
    this.#connection.fail(new Error('lost'));
  }

  get count(): number {
    return this.#count;
  }
}

describe('AnswerQueue', () => {
  it('bounds what is queued, and loses and reorders nothing that the client reads', async () => {
    let most = 0;
    const property = fc.asyncProperty(MOVES, async (moves) => {
      const play = new Play();
      for (const move of moves) await play.play(move);
      most = Math.max(most, play.queue.size);
      play.resume();
      const outcomes = await Promise.all(play.outcomes);
      assert.deepEqual(outcomes.filter((outcome) => outcome !== 'boom').length, play.count);
      while (play.received.length < play.count) await settled();
      const all = Array.from({ length: play.count }, (_, n) => n + 1);
      assert.deepEqual([play.sent, play.received], [all, all]);
      assert.equal(play.queue.size, 0);
    });
    await fc.assert(property, { numRuns: 500 });
    assert.ok(most > 5, `${most} answers waited at most`);
  });

  it('drops waiting answers unencoded as soon as the connection has ended', async () => {
    const property = fc.asyncProperty(MOVES, async (moves) => {
      const play = new Play();
      for (const move of moves) await play.play(move);
      const sent = play.sent.length;
      play.lose();
      await settled();
      assert.equal(await isSettled(Promise.all(play.outcomes)), true);
      assert.equal(play.queue.size, 0);
      assert.equal(play.sent.length, sent);
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
