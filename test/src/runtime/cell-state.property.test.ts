import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { initialState, transition } from '../../../src/runtime/cell-state.ts';
import type { Answer, CellState, Effect, Input } from '../../../src/runtime/cell-types.ts';
import { GOOD_END } from '../../support/cell-story.ts';
import { textItem, textOf } from '../../support/events.ts';

/** An input without chosen ids; `pick` chooses among earlier callers. */
type Draft = { readonly type: Input['type']; readonly pick: number; readonly pending: boolean };

const TYPES: readonly Input['type'][] = [
  'output',
  'yield-control',
  'waits',
  'frontier',
  'finish',
  'callbacks-closed',
  'committed',
  'observe',
  'unobserve',
  'elapsed',
  'resume',
  'terminate',
];

const draft = (...weights: readonly { readonly weight: number; readonly type: Input['type'] }[]) =>
  fc.record({
    type: fc.oneof(
      ...weights.map(({ weight, type }) => ({ weight, arbitrary: fc.constant(type) })),
    ),
    pick: fc.nat({ max: 7 }),
    pending: fc.boolean(),
  });

/** Any order at all, and one in which cells live longer. */
const ANY_HISTORY = fc.array(draft(...TYPES.map((type) => ({ weight: 1, type }))), {
  maxLength: 40,
});
const ENDING: readonly Input['type'][] = ['finish', 'terminate', 'callbacks-closed', 'committed'];
const LONG_HISTORY = fc.array(
  draft(...TYPES.map((type) => ({ weight: ENDING.includes(type) ? 1 : 12, type }))),
  { minLength: 20, maxLength: 120 },
);

/** Plays a history, and records calls, answers and delivered output. */
class Life {
  state: CellState;
  readonly asked: number[] = [];
  readonly gaveUp = new Set<number>();
  readonly answered = new Map<number, number>();
  readonly shown: string[] = [];
  readonly delivered: string[] = [];
  readonly snapshots = new Map<number, Answer>();
  readonly counts: Record<string, number> = {};
  frontiers = 0;
  terminateWon = false;
  readonly #observers = new Set<number>();
  #outputs = 0;
  #lastTerminated: Answer | null = null;

  constructor(hold: boolean) {
    this.state = initialState(hold);
  }

  play({ type, pick, pending }: Draft): void {
    this.tell(this.#input(type, pick, pending));
  }

  tell(input: Input): void {
    const before = this.state;
    const [next, ...effects] = transition(before, input);
    this.state = next;
    this.#checkStep(before, input, effects);
    for (const effect of effects) this.#perform(effect);
  }

  /** Brings the cell to its end, as the world does in time, and asks once more. */
  finishUp(): void {
    this.tell({ type: 'finish', end: GOOD_END });
    this.tell({ type: 'callbacks-closed' });
    this.tell({ type: 'committed', notes: [] });
    this.play({ type: 'terminate', pick: 0, pending: false });
    this.tell({ type: 'callbacks-closed' });
  }

  #input(type: Input['type'], pick: number, isPending: boolean): Input {
    switch (type) {
      case 'output':
        this.#outputs += 1;
        return { type, item: textItem(String(this.#outputs)) };
      case 'observe': {
        const observer = { id: this.#ask(), mode: isPending ? 'pending' : 'yield' } as const;
        this.#observers.add(observer.id);
        return { type, observer };
      }
      case 'resume':
        return { type, id: this.#ask(), generation: this.frontiers + 1 - (pick % 3) };
      case 'terminate':
        return { type, id: this.#ask() };
      case 'unobserve':
        return { type, id: this.#leave(pick) };
      case 'elapsed':
        return { type, id: this.#someone(pick) };
      case 'finish':
        return { type, end: GOOD_END };
      case 'frontier':
        return { type, pendingCalls: [] };
      case 'waits':
        return { type, isWaiting: pick % 2 === 0 };
      case 'committed':
        return { type, notes: [] };
      case 'yield-control':
      case 'callbacks-closed':
        return { type };
    }
  }

  #ask(): number {
    const id = this.asked.length + 1;
    this.asked.push(id);
    return id;
  }

  #someone(pick: number): number {
    return this.asked.at(-1 - pick) ?? 999;
  }

  /** Only observers can leave. One that was answered may leave too: then nothing must come of it. */
  #leave(pick: number): number {
    const waiting = knownWaiters(this.state).filter((id) => this.#observers.has(id));
    const id = pick % 2 === 0 ? (waiting[0] ?? 999) : this.#someone(pick);
    if (waiting.includes(id)) this.gaveUp.add(id);
    return waiting.includes(id) || this.answered.has(id) ? id : 999;
  }

  #checkStep(before: CellState, input: Input, effects: readonly Effect[]): void {
    if (input.type === 'output' && before.phase === 'running') {
      this.shown.push(textOf(input.item));
    }
    if (before.phase === 'closed') {
      assert.equal(this.state.phase, 'closed');
      const answersOnly = effects.every(({ type }) => type === 'answer' || type === 'resumed');
      assert.ok(answersOnly, 'something happened after the end');
    }
    if (input.type === 'terminate' && this.state.phase === 'terminating') this.terminateWon = true;
    this.#checkFrontier(before);
  }

  #checkFrontier(before: CellState): void {
    if (before.phase !== 'running' || this.state.phase !== 'running') return;
    const [was, is] = [before.stepping, this.state.stepping];
    assert.ok(is.latest === was.latest || is.latest === was.latest + 1, 'a frontier was skipped');
    if (is.latest === was.latest) return;
    this.frontiers += 1;
    assert.equal(is.latest, this.frontiers);
    assert.equal(is.held?.generation, this.frontiers);
  }

  #perform(effect: Effect): void {
    this.counts[effect.type] = (this.counts[effect.type] ?? 0) + 1;
    if (effect.type === 'commit')
      assert.equal(this.terminateWon, false, 'committed after terminate');
    if (effect.type === 'refuse' || effect.type === 'resumed') this.#answered(effect.id);
    if (effect.type !== 'answer') return;
    this.#answered(effect.id);
    this.#deliver(effect.answer);
  }

  #answered(id: number): void {
    assert.equal(this.gaveUp.has(id), false, `${id} gave up and was answered`);
    this.answered.set(id, (this.answered.get(id) ?? 0) + 1);
    assert.equal(this.answered.get(id), 1, `${id} was answered twice`);
  }

  #deliver(answer: Answer): void {
    if (answer.type === 'missing') return;
    if (answer.type === 'pending') {
      const seen = this.snapshots.get(answer.generation);
      if (seen !== undefined) return assert.deepEqual(answer, seen);
      assert.equal(answer.generation, this.frontiers);
      this.snapshots.set(answer.generation, answer);
    }
    if (answer.type === 'terminated') {
      if (this.#lastTerminated !== null) return assert.deepEqual(answer, this.#lastTerminated);
      this.#lastTerminated = answer;
    }
    this.delivered.push(...answer.items.map(textOf));
  }

  count(type: Effect['type']): number {
    return this.counts[type] ?? 0;
  }

  /** The callers that are still waiting. */
  get waiting(): readonly number[] {
    return this.asked.filter((id) => !this.answered.has(id) && !this.gaveUp.has(id));
  }
}

/** Whom the state itself knows to be waiting. */
function knownWaiters(state: CellState): readonly number[] {
  switch (state.phase) {
    case 'running':
    case 'draining':
    case 'committing':
      return state.observer === null ? [] : [state.observer.id];
    case 'terminating':
      return state.waiting;
    case 'completed':
    case 'closed':
      return [];
  }
}

function checkMeanwhile(life: Life): void {
  assert.deepEqual([...life.waiting].sort(byNumber), [...knownWaiters(life.state)].sort(byNumber));
  assert.deepEqual(life.delivered, life.shown.slice(0, life.delivered.length));
  assert.ok(life.count('commit') <= 1 && life.count('drain-callbacks') <= 1);
  assert.ok(life.count('cancel-callbacks') <= 1 && life.count('retire') <= 1);
  const isOver = life.state.phase === 'closed' || life.state.phase === 'completed';
  assert.equal(life.count('announce-closed'), isOver ? 1 : 0);
  assert.equal(life.count('retire'), life.state.phase === 'closed' ? 1 : 0);
}

function checkEnd(life: Life): void {
  assert.equal(life.state.phase, 'closed');
  assert.deepEqual(life.waiting, []);
  assert.deepEqual(life.delivered, life.shown);
  assert.equal(life.count('announce-closed'), 1);
  assert.equal(life.count('retire'), 1);
  assert.equal(life.count('commit'), life.terminateWon ? 0 : 1);
}

function byNumber(a: number, b: number): number {
  return a - b;
}

function play(hold: boolean, history: readonly Draft[]): Life {
  const life = new Life(hold);
  for (const one of history) {
    life.play(one);
    checkMeanwhile(life);
  }
  return life;
}

describe('The life of a cell, with any inputs in any order', () => {
  for (const [what, histories] of [
    ['short and wild', ANY_HISTORY],
    ['long', LONG_HISTORY],
  ] as const) {
    it(`answers every caller once, delivers all output once and in order, and ends once: ${what}`, () => {
      fc.assert(
        fc.property(fc.boolean(), histories, (hold, history) => {
          const life = play(hold, history);
          life.finishUp();
          checkEnd(life);
        }),
        { numRuns: 3_000 },
      );
    });
  }

  it('does not change earlier states', () => {
    fc.assert(
      fc.property(fc.boolean(), LONG_HISTORY, (hold, history) => {
        const life = new Life(hold);
        for (const one of history) {
          const before = life.state;
          const copy = structuredClone(before);
          life.play(one);
          assert.deepEqual(before, copy);
        }
      }),
      { numRuns: 200 },
    );
  });
});
