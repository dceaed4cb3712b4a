import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { LiveEvent, LiveEvents } from '../../../src/live-events.ts';
import { textOf } from '../../support/events.ts';
import { BLOCK, dropFakeSessions, fakeSession } from '../../support/fake-session.ts';
import { settled } from '../../support/gates.ts';
import { outputsAmong, restOf, told } from '../../support/live-events.ts';

/** A move on one cell: of its program, its delegate, its readers or its observers. */
const MOVE = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('text'), n: fc.nat({ max: 5 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('text'), n: fc.integer({ min: 100, max: 5_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('call'), n: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer'), n: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('notify'), n: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read'), n: fc.nat({ max: 300 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), n: fc.nat({ max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave'), n: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('observe'), n: fc.constant(0) }) },
);

/** Plays moves, and records the expected and the actual events. */
class Story {
  readonly emitted: string[] = [];
  readonly seen: string[] = [];
  readonly observed: string[] = [];
  readonly #fake = fakeSession();
  readonly #waiting: Promise<unknown>[] = [];
  readonly #pending: string[] = [];
  #texts = 0;
  #calls = 0;
  /** Number of the event that was read last. */
  #after = 0;
  #events: LiveEvents | null = null;

  async play(moves: readonly { readonly do: string; readonly n: number }[]): Promise<void> {
    const { begin, session, delegate } = this.#fake;
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    for (const { do: what, n } of moves) {
      for (let count = 0; count < n; count += 1) {
        if (what === 'text') run.text(this.#emit('output', String(this.#texts++)));
        if (what === 'notify') void run.notify(this.#emit('notified', `n${count}`));
        if (what === 'call') this.#call(() => void run.callTool(BLOCK));
        if (what === 'answer') await this.#answer(() => delegate.tools.release(null));
      }
      // First record what waiting readers were given.
      await settled();
      if (what === 'read') this.#read(cellId, n);
      if (what === 'wait') this.#wait(cellId, n);
      if (what === 'leave') await this.#leave();
      if (what === 'observe') await this.#observe(cellId);
    }
    await this.#leave();
    while (this.#pending.length > 0) await this.#answer(() => delegate.tools.release(null));
    run.end();
    this.emitted.push('draining', 'completed');
    await settled();
    const whole = await restOf(session.events(cellId));
    this.seen.push(...(await restOf(session.events(cellId, { after: this.#after }))));
    checkStory(whole, this.emitted);
    await this.#observe(cellId);
    assert.deepEqual(session.recorded, { events: 0, bytes: 0 });
  }

  #emit(what: string, text: string): string {
    this.emitted.push(`${what} ${text}`);
    return text;
  }

  #call(call: () => void): void {
    call();
    this.#calls += 1;
    this.#pending.push(`tool-${this.#calls}`);
    this.#emit('tool-started', `tool-${this.#calls} block`);
  }

  async #answer(release: () => void): Promise<void> {
    const callId = this.#pending.shift();
    if (callId === undefined) return;
    release();
    this.#emit('tool-ended', callId);
    await settled();
  }

  /** Takes what is there. */
  #read(cellId: string, count: number): void {
    const events = this.#subscribe(cellId);
    for (let n = 0; n < count; n += 1) {
      const event = events.take();
      if (event === undefined) return;
      this.#saw(event);
    }
  }

  /** Waits for what is not there yet. */
  #wait(cellId: string, count: number): void {
    const events = this.#subscribe(cellId);
    for (let n = 0; n < count; n += 1) {
      const one = events.next().then(({ value }) => value !== undefined && this.#saw(value));
      this.#waiting.push(one);
    }
  }

  #saw(event: LiveEvent): void {
    this.#after = event.seq;
    this.seen.push(told(event));
  }

  #subscribe(cellId: string): LiveEvents {
    this.#events ??= this.#fake.session.events(cellId, { after: this.#after });
    return this.#events;
  }

  async #leave(): Promise<void> {
    await this.#events?.return();
    await Promise.all(this.#waiting.splice(0));
    this.#events = null;
  }

  async #observe(cellId: string): Promise<void> {
    const { items } = await this.#fake.session.observe(cellId, { yieldAfterMs: 0 });
    this.observed.push(...items.map(textOf));
  }
}

/** Checks that these are the events that happened, in order, with gaps for what is missing. @returns How many gaps. */
function checkStory(seen: readonly string[], emitted: readonly string[]): number {
  let at = 0;
  let gaps = 0;
  for (const word of seen) {
    const missed = /^gap (\d+)$/.exec(word)?.[1];
    if (missed === undefined) assert.equal(word, emitted[at]);
    else gaps += 1;
    at += Number(missed ?? 1);
  }
  assert.equal(at, emitted.length);
  return gaps;
}

describe('Live events', () => {
  it('are complete and in order, except for reported gaps; observers get all output', async () => {
    let gaps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(MOVE, { maxLength: 40 }), async (moves) => {
        const story = new Story();
        await story.play(moves);
        gaps += checkStory(story.seen, story.emitted);
        assert.deepEqual(story.observed, outputsAmong(story.emitted));
        dropFakeSessions();
      }),
      { numRuns: 300 },
    );
    assert.ok(gaps > 20, `only ${gaps} gaps were seen`);
  });
});
