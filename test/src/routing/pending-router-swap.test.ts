import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Registration } from '../../../src/routing/routed-items.ts';
import { Reader, WordRouter, type Words } from '../../support/word-router.ts';

describe('Registration.swap', () => {
  it('C17 swaps the sink between two items', () => {
    const rig = new WordRouter();
    const old = rig.reader('s');
    const next = new Reader();
    rig.send('s', 'a', '?b');
    assert.equal(old.registration?.swap(next.sink), true);
    rig.send('s', '?c', 'd');
    assert.deepEqual(
      [old.log, next.log],
      [
        ['a', '?b'],
        ['?c', 'd'],
      ],
    );
    assert.deepEqual(next.registration, old.registration);
  });

  it('C17 swaps the sink during a flush, and within a line', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', 'a', 'b', '?c');
    const [first, second, third] = [new Reader(), new Reader(), new Reader()];
    first.onLine = (_, registration) => registration.swap(second.sink);
    second.onLine = (line, registration) => {
      if (line !== '?c') return;
      rig.send('s', 'd', 'e');
      registration.swap(third.sink);
    };
    guard.claim('s', first.sink);
    rig.send('s', 'f');
    assert.deepEqual([first.log, second.log, third.log], [['a'], ['b', '?c'], ['d', 'e', 'f']]);
    rig.assertNothingLost();
  });

  it('C17 swaps back to an earlier sink', () => {
    const rig = new WordRouter();
    const [reader, other] = [rig.reader('s'), new Reader()];
    reader.registration?.swap(other.sink);
    rig.send('s', 'a');
    other.registration?.swap(reader.sink);
    rig.send('s', 'b');
    assert.deepEqual([other.log, reader.log], [['a'], ['b']]);
  });

  it('C17 swaps nothing after the end', () => {
    const rig = new WordRouter();
    const [reader, other] = [rig.reader('s'), new Reader()];
    reader.registration?.release();
    assert.equal(reader.registration?.swap(other.sink), false);
    rig.reader('s');
    assert.equal(reader.registration?.swap(other.sink), false);
    rig.send('s', 'a');
    assert.deepEqual(other.log, []);
  });
});

/**
 * A session that keeps what it is given until it is read, and hands over to a proxy: what is kept
 * goes to the proxy first, then the proxy is the sink. Each is a step that others may come between.
 */
class HandOff {
  readonly received: string[] = [];
  readonly #kept: string[] = [];
  readonly #rig: WordRouter;
  readonly #registration: Registration<Words>;
  readonly #echo: (line: string) => void;
  #sent = 0;
  #phase: 'session' | 'draining' | 'proxied' = 'session';

  /** @param backlog Items that wait before anybody claims. @param echo Numbers of items at whose delivery one more is sent. */
  constructor(backlog: number, echo: ReadonlySet<number>) {
    this.#rig = new WordRouter();
    this.#echo = (line) => {
      if (echo.has(Number(line.replace('?', '')))) this.send();
    };
    using guard = this.#rig.router.open();
    for (let n = 0; n < backlog; n += 1) this.send();
    const keeper = new Reader();
    keeper.onLine = (line) => {
      this.#kept.push(line);
      this.#echo(line);
    };
    this.#registration = guard.claim('s', keeper.sink);
  }

  get sent(): number {
    return this.#sent;
  }

  send(): void {
    this.#sent += 1;
    const word = String(this.#sent);
    this.#rig.send('s', this.#sent % 3 === 0 ? `?${word}` : word);
  }

  /** The session's owner reads one, as long as it is the session's. */
  read(): void {
    if (this.#phase === 'session') this.#forward();
  }

  beginHandOff(): void {
    if (this.#phase === 'session') this.#phase = 'draining';
  }

  /** One step of the hand-off: forwards one kept item, or swaps if there is none. */
  step(): void {
    if (this.#phase !== 'draining') return;
    if (this.#kept.length > 0) return this.#forward();
    const proxy = new Reader();
    proxy.onLine = (line) => {
      this.received.push(line);
      this.#echo(line);
    };
    this.#registration.swap(proxy.sink);
    this.#phase = 'proxied';
  }

  finish(): void {
    this.beginHandOff();
    while (this.#phase !== 'proxied') this.step();
    this.#rig.assertNothingLost();
  }

  #forward(): void {
    const line = this.#kept.shift();
    if (line !== undefined) this.received.push(line);
  }
}

describe('A hand-off with swap, whatever comes between its steps', () => {
  it('C17 loses nothing, repeats nothing, and keeps the order', () => {
    const steps = fc.array(fc.constantFrom('send', 'read', 'beginHandOff', 'step'), {
      maxLength: 60,
    });
    const echoes = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.nat({ max: 10 }), echoes, steps, (backlog, echo, schedule) => {
        const handOff = new HandOff(backlog, new Set(echo));
        for (const step of schedule) handOff[step as 'send' | 'read' | 'beginHandOff' | 'step']();
        handOff.finish();
        handOff.send();
        const numbers = handOff.received.map((line) => Number(line.replace('?', '')));
        assert.deepEqual(
          numbers,
          Array.from({ length: handOff.sent }, (_, n) => n + 1),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('C17 may pause at every step, with an item sent in each pause', () => {
    for (let backlog = 0; backlog <= 4; backlog += 1) {
      for (let pause = 0; pause < 2 ** 7; pause += 1) {
        const handOff = new HandOff(backlog, new Set());
        handOff.beginHandOff();
        for (let step = 0; step < 7; step += 1) {
          if ((pause >> step) % 2 === 1) handOff.send();
          handOff.step();
        }
        handOff.finish();
        const numbers = handOff.received.map((line) => Number(line.replace('?', '')));
        assert.equal(numbers.join(), Array.from({ length: handOff.sent }, (_, n) => n + 1).join());
      }
    }
  });
});
