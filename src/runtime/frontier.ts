import type { OutputItem, PendingCall } from '../events.ts';
import type {
  Answer,
  Backlog,
  CellState,
  Effect,
  Frontier,
  Observer,
  Phase,
  Step,
} from './cell-types.ts';

/** Attaches an observer. If it waits for a frontier, the program runs from frontier to frontier; otherwise freely. */
export function observeRunning(state: Phase<'running'>, observer: Observer): Step {
  if (state.observer !== null) {
    return [state, { type: 'refuse', id: observer.id, code: 'cell_busy' }];
  }
  const { stepping } = state;
  if (observer.mode === 'pending') {
    if (stepping.held !== null) {
      const held = { ...stepping.held, delivered: true };
      return [
        { ...state, stepping: { ...stepping, hold: true, held } },
        answer(observer.id, pending(held)),
      ];
    }
    return [{ ...state, observer, stepping: { ...stepping, hold: true } }, { type: 'hold' }];
  }
  const walking: CellState = {
    ...state,
    observer,
    backlog: wholeBacklog(state),
    stepping: { ...stepping, hold: false, held: null },
  };
  const armed: Effect = { type: 'arm-yield-timer', id: observer.id };
  return stepping.hold ? [walking, { type: 'release' }, armed] : [walking, armed];
}

/** The program has paused: answers the observer, or keeps the frontier for the next one. */
export function reachFrontier(state: Phase<'running'>, pendingCalls: readonly PendingCall[]): Step {
  const { stepping } = state;
  if (!stepping.hold || stepping.held !== null) return [state];
  const held: Frontier = {
    generation: stepping.latest + 1,
    items: toItems(state.backlog),
    pendingCalls,
    delivered: state.observer !== null,
  };
  const next: CellState = {
    ...state,
    backlog: null,
    observer: null,
    stepping: { ...stepping, latest: held.generation, held },
  };
  return state.observer === null ? [next] : [next, answer(state.observer.id, pending(held))];
}

/** Resumes from a frontier, once. */
export function resumeRunning(state: Phase<'running'>, id: number, generation: number): Step {
  const { stepping } = state;
  if (stepping.held?.generation !== generation) {
    return [state, answerLateResume(stepping.latest, id, generation)];
  }
  return [
    { ...state, backlog: wholeBacklog(state), stepping: { ...stepping, held: null } },
    { type: 'resumed', id, result: 'resumed' },
    { type: 'step' },
  ];
}

/** The answer to `resume` if the program is not paused at that frontier. */
export function answerLateResume(latest: number, id: number, generation: number): Effect {
  return generation >= 1 && generation <= latest
    ? { type: 'resumed', id, result: 'already-running' }
    : { type: 'refuse', id, code: 'invalid_generation', latest };
}

/** All output that no observer has taken, with that of an undelivered frontier. */
export function wholeBacklog({ backlog, stepping: { held } }: Phase<'running'>): Backlog {
  if (held === null || held.delivered) return backlog;
  const all = [...held.items, ...toItems(backlog)];
  return all.reduce<Backlog>((before, item) => ({ item, before }), null);
}

/** The unread output, oldest first. */
export function toItems(backlog: Backlog): readonly OutputItem[] {
  const items: OutputItem[] = [];
  for (let rest = backlog; rest !== null; rest = rest.before) items.push(rest.item);
  return items.reverse();
}

/** Answers a caller with an event. */
export function answer(id: number, event: Answer): Effect {
  return { type: 'answer', id, answer: event };
}

function pending({ items, generation, pendingCalls }: Frontier): Answer {
  return { type: 'pending', items, generation, pendingCalls };
}
