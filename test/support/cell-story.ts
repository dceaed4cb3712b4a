import { initialState, transition } from '../../src/runtime/cell-state.ts';
import type { Answer, CellState, Effect, Input } from '../../src/runtime/cell-types.ts';
import type { ProgramEnd } from '../../src/sandbox.ts';
import { textItem, textOf } from './events.ts';

/** An input in words: `output a`, `observe 1`, `observe-pending 1`, `resume 3 1`, `finish` … */
export type Said = string | Input;

/** An end without failure or notes. */
export const GOOD_END: ProgramEnd = { failure: null, notes: [] };

/** One cell's state, moved by inputs in words; it tells the effects in words. */
export class CellStory {
  state: CellState;

  /** @param hold Whether the cell stops at its first frontier. */
  constructor(hold = false) {
    this.state = initialState(hold);
  }

  /** A story that has come this far already. */
  static of(...told: readonly Said[]): CellStory {
    return CellStory.held(false, ...told);
  }

  static held(hold: boolean, ...told: readonly Said[]): CellStory {
    const story = new CellStory(hold);
    for (const said of told) story.tell(said);
    return story;
  }

  get phase(): CellState['phase'] {
    return this.state.phase;
  }

  /** @returns The effects, in words and in order. */
  tell(said: Said): readonly string[] {
    const [next, ...effects] = transition(
      this.state,
      typeof said === 'string' ? input(said) : said,
    );
    this.state = next;
    return effects.map(describe);
  }
}

function input(said: string): Input {
  const [type, first = '', second = ''] = said.split(' ');
  const id = Number(first);
  switch (type) {
    case 'output':
      return { type, item: textItem(first) };
    case 'observe':
      return { type, observer: { id, mode: 'yield' } };
    case 'observe-pending':
      return { type: 'observe', observer: { id, mode: 'pending' } };
    case 'resume':
      return { type, id, generation: Number(second) };
    case 'unobserve':
    case 'elapsed':
    case 'terminate':
      return { type, id };
    case 'finish':
      return { type, end: GOOD_END };
    case 'frontier':
      return { type, pendingCalls: first === '' ? [] : [{ callId: first, tool: 'any' }] };
    case 'committed':
      return { type, notes: first === '' ? [] : [first] };
    case 'callbacks-closed':
    case 'yield-control':
      return { type };
    default:
      throw new Error(`No input is called ${said}`);
  }
}

function describe(effect: Effect): string {
  switch (effect.type) {
    case 'answer':
      return `${effect.id} is told ${describeAnswer(effect.answer)}`;
    case 'refuse':
      return `${effect.id} is refused: ${effect.code}`;
    case 'resumed':
      return `${effect.id} is told ${effect.result}`;
    case 'arm-yield-timer':
      return `arm ${effect.id}`;
    case 'retire':
      return `retire ${effect.reason}`;
    case 'hold':
    case 'release':
    case 'step':
    case 'kill-sandbox':
    case 'drain-callbacks':
    case 'cancel-callbacks':
    case 'commit':
    case 'announce-closed':
      return effect.type;
  }
}

function describeAnswer(answer: Answer): string {
  const items = answer.type === 'missing' ? [] : answer.items.map(textOf);
  const words: string[] = [answer.type, ...items];
  if (answer.type === 'pending') {
    words.push(`#${answer.generation}`, ...answer.pendingCalls.map(({ callId }) => callId));
  }
  if (answer.type === 'completed') {
    if (answer.failure !== null) words.push(`(${answer.failure.kind})`);
    words.push(...answer.notes.map((note) => `[${note}]`));
  }
  return words.join(' ');
}
