import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mayRead, ReadingGate } from '../../../host/core/reading-gate.ts';
import { SharedReading } from '../../../host/core/shared-reading.ts';
import { ByteBudget } from '../../../src/runtime/byte-budget.ts';

const MIB = 1 << 20;
/** The most that one message carries. */
const LARGEST = 64 * MIB;

/** A client whose messages are results for programs, each with a pipe that takes one after another. */
class Client {
  isReading = true;
  unread: number[] = [];
  /** Results that wait, by program; in each, the oldest goes first. */
  readonly waiting = new Map<number, number[]>();
  readonly #budget: ByteBudget;

  constructor(all: ByteBudget) {
    const reading = new SharedReading({
      pause: () => {
        assert.ok(this.isReading);
        this.isReading = false;
      },
      resume: () => {
        assert.ok(!this.isReading);
        this.isReading = true;
      },
    });
    const gate = new ReadingGate(reading);
    const onWaiting = () => gate.changed(this.#budget, all);
    this.#budget = new ByteBudget('own', Number.POSITIVE_INFINITY, all, onWaiting);
  }

  get bytes(): number {
    return this.#budget.waiting;
  }

  /** Reads the next message, if it may: a result for this program. */
  read(program: number): boolean {
    const bytes = this.isReading ? this.unread.shift() : undefined;
    if (bytes === undefined) return false;
    this.waiting.set(program, [...(this.waiting.get(program) ?? []), bytes]);
    this.#budget.countWaiting(bytes);
    return true;
  }

  /** The program takes the result that has waited longest. */
  take(program: number): boolean {
    const bytes = this.waiting.get(program)?.shift();
    if (bytes !== undefined) this.#budget.countWaiting(-bytes);
    return bytes !== undefined;
  }

  /** The program is over: what waits for it waits no longer. */
  end(program: number): void {
    while (this.take(program));
  }
}

const action = fc.record({
  type: fc.constantFrom('send' as const, 'read' as const, 'take' as const, 'end' as const),
  client: fc.nat({ max: 2 }),
  program: fc.nat({ max: 2 }),
  bytes: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: LARGEST })),
});

describe('Reading from clients whose results wait', () => {
  it('pauses only while a result waits that needs no message of the client, and reads all in the end', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120, size: 'max' }), (actions) => {
        const all = new ByteBudget('all', Number.POSITIVE_INFINITY);
        const clients = Array.from({ length: 3 }, () => new Client(all));
        for (const { type, client: index, program, bytes } of actions) {
          const client = clients[index]!;
          if (type === 'send') client.unread.push(bytes);
          if (type === 'read') client.read(program);
          if (type === 'take') client.take(program);
          if (type === 'end') client.end(program);
          for (const { isReading, bytes: own } of clients) {
            assert.ok(isReading || own > 0, 'nothing waits, and nothing is read');
            assert.ok(own < 32 * MIB + LARGEST, `${own} bytes wait`);
          }
          assert.ok(all.waiting < 256 * MIB + 3 * LARGEST);
        }
        for (let isMoving = true; isMoving; ) {
          isMoving = clients.some((client) =>
            [0, 1, 2].some((n) => client.read(n) || client.take(n)),
          );
        }
        assert.deepEqual(
          clients.map(({ isReading, unread, bytes }) => [isReading, unread, bytes]),
          Array(3).fill([true, [], 0]),
        );
      }),
    );
  });

  it('goes on at half of what made it pause', () => {
    assert.ok(mayRead(true, { own: 32 * MIB - 1, all: 32 * MIB }));
    assert.ok(!mayRead(true, { own: 32 * MIB, all: 32 * MIB }));
    assert.ok(!mayRead(false, { own: 16 * MIB, all: 16 * MIB }));
    assert.ok(mayRead(false, { own: 16 * MIB - 1, all: 16 * MIB }));
  });

  it('pauses for the results of others only while some wait of its own', () => {
    assert.ok(!mayRead(true, { own: 1, all: 256 * MIB }));
    assert.ok(mayRead(false, { own: 0, all: 512 * MIB }));
  });
});
