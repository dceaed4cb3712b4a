import type { CellPhase } from '../live-events.ts';
import type { ProgramEnd } from '../sandbox.ts';
import type {
  Answer,
  Backlog,
  CellState,
  Effect,
  Input,
  Observer,
  Phase,
  Step,
} from './cell-types.ts';
import {
  answer,
  answerLateResume,
  observeRunning,
  reachFrontier,
  resumeRunning,
  toItems,
  wholeBacklog,
} from './frontier.ts';

const CLOSED: CellState = { phase: 'closed' };

/**
 * The state of a cell that was just admitted.
 *
 * @param hold Whether it pauses at its first frontier.
 */
export function initialState(hold: boolean): CellState {
  return {
    phase: 'running',
    backlog: null,
    observer: null,
    stepping: { hold, latest: 0, held: null },
    isWaiting: false,
  };
}

/** The phase as it is reported to callers; null if nothing of the cell is left. */
export function phaseOf(state: CellState): CellPhase | null {
  switch (state.phase) {
    case 'running':
      if (state.stepping.held !== null) return 'held';
      return state.isWaiting ? 'waiting' : 'running';
    case 'committing':
      return 'draining';
    case 'closed':
      return null;
    case 'draining':
    case 'terminating':
    case 'completed':
      return state.phase;
  }
}

/** The life of a cell: the next state and the effects of an input. Pure; every caller is answered exactly once. */
export function transition(state: CellState, input: Input): Step {
  switch (state.phase) {
    case 'running':
      return whileRunning(state, input);
    case 'draining':
      return whileDraining(state, input);
    case 'committing':
      return whileCommitting(state, input);
    case 'terminating':
      return whileTerminating(state, input);
    case 'completed':
      return whileCompleted(state, input);
    case 'closed':
      return [state, ...refuseGone(input)];
  }
}

function whileRunning(state: Phase<'running'>, input: Input): Step {
  switch (input.type) {
    case 'output':
      return [{ ...state, backlog: { item: input.item, before: state.backlog } }];
    case 'yield-control':
      return state.observer?.mode === 'yield' ? answerYielded(state, state.observer.id) : [state];
    case 'waits':
      return [{ ...state, isWaiting: input.isWaiting }];
    case 'elapsed':
      return state.observer?.id === input.id ? answerYielded(state, input.id) : [state];
    case 'frontier':
      return reachFrontier(state, input.pendingCalls);
    case 'observe':
      return observeRunning(state, input.observer);
    case 'unobserve':
      return [state.observer?.id === input.id ? { ...state, observer: null } : state];
    case 'resume':
      return resumeRunning(state, input.id, input.generation);
    case 'finish':
      return [
        {
          phase: 'draining',
          backlog: wholeBacklog(state),
          observer: state.observer,
          latest: state.stepping.latest,
          end: input.end,
        },
        { type: 'kill-sandbox' },
        { type: 'drain-callbacks' },
      ];
    case 'terminate':
      return beginTerminating(wholeBacklog(state), state.observer, input.id);
    case 'callbacks-closed':
    case 'committed':
      return [state];
  }
}

function whileDraining(state: Phase<'draining'>, input: Input): Step {
  switch (input.type) {
    case 'elapsed':
      return state.observer?.id === input.id ? answerYielded(state, input.id) : [state];
    case 'observe':
      return observeEnding(state, input.observer);
    case 'unobserve':
      return [state.observer?.id === input.id ? { ...state, observer: null } : state];
    case 'resume':
      return [state, answerLateResume(state.latest, input.id, input.generation)];
    case 'terminate':
      return beginTerminating(state.backlog, state.observer, input.id);
    case 'callbacks-closed':
      return [{ ...state, phase: 'committing' }, { type: 'commit' }];
    case 'output':
    case 'yield-control':
    case 'waits':
    case 'frontier':
    case 'finish':
    case 'committed':
      return [state];
  }
}

function whileCommitting(state: Phase<'committing'>, input: Input): Step {
  switch (input.type) {
    case 'committed': {
      const end = { ...state.end, notes: [...state.end.notes, ...input.notes] };
      if (state.observer === null) {
        const { backlog, latest } = state;
        return [{ phase: 'completed', backlog, latest, end }, announceCompleted(end)];
      }
      return [
        CLOSED,
        answer(state.observer.id, completed(state.backlog, end)),
        retireAfter(end),
        announceCompleted(end),
      ];
    }
    case 'observe':
      return observeEnding(state, input.observer);
    case 'unobserve':
      return [state.observer?.id === input.id ? { ...state, observer: null } : state];
    case 'terminate':
      return [state, { type: 'refuse', id: input.id, code: 'cell_terminating' }];
    case 'resume':
      return [state, answerLateResume(state.latest, input.id, input.generation)];
    case 'elapsed':
    case 'output':
    case 'yield-control':
    case 'waits':
    case 'frontier':
    case 'finish':
    case 'callbacks-closed':
      return [state];
  }
}

function whileTerminating(state: Phase<'terminating'>, input: Input): Step {
  switch (input.type) {
    case 'callbacks-closed': {
      const event: Answer = { type: 'terminated', items: toItems(state.backlog) };
      return [
        CLOSED,
        ...state.waiting.map((id) => answer(id, event)),
        { type: 'retire', reason: 'terminated' },
        { type: 'announce-closed', end: { type: 'terminated' } },
      ];
    }
    case 'unobserve':
      return [{ ...state, waiting: state.waiting.filter((id) => id !== input.id) }];
    case 'terminate':
      return [state, { type: 'refuse', id: input.id, code: 'cell_terminating' }];
    case 'observe':
    case 'resume':
      return [state, ...refuseGone(input)];
    case 'output':
    case 'yield-control':
    case 'waits':
    case 'frontier':
    case 'finish':
    case 'committed':
    case 'elapsed':
      return [state];
  }
}

function whileCompleted(state: Phase<'completed'>, input: Input): Step {
  switch (input.type) {
    case 'observe':
      return deliver(state, input.observer.id);
    case 'terminate':
      return deliver(state, input.id);
    case 'resume':
      return [state, answerLateResume(state.latest, input.id, input.generation)];
    case 'unobserve':
    case 'elapsed':
    case 'output':
    case 'yield-control':
    case 'waits':
    case 'frontier':
    case 'finish':
    case 'callbacks-closed':
    case 'committed':
      return [state];
  }
}

function refuseGone(input: Input): Effect[] {
  switch (input.type) {
    case 'observe':
      return [answer(input.observer.id, { type: 'missing' })];
    case 'terminate':
      return [answer(input.id, { type: 'missing' })];
    case 'resume':
      return [{ type: 'resumed', id: input.id, result: 'missing' }];
    case 'unobserve':
    case 'elapsed':
    case 'output':
    case 'yield-control':
    case 'waits':
    case 'frontier':
    case 'finish':
    case 'callbacks-closed':
    case 'committed':
      return [];
  }
}

function observeEnding(state: Phase<'draining'> | Phase<'committing'>, observer: Observer): Step {
  if (state.observer !== null) {
    return [state, { type: 'refuse', id: observer.id, code: 'cell_busy' }];
  }
  const next = { ...state, observer };
  return observer.mode === 'yield' ? [next, { type: 'arm-yield-timer', id: observer.id }] : [next];
}

function beginTerminating(backlog: Backlog, observer: Observer | null, id: number): Step {
  return [
    { phase: 'terminating', backlog, waiting: observer === null ? [id] : [id, observer.id] },
    { type: 'kill-sandbox' },
    { type: 'cancel-callbacks' },
  ];
}

function answerYielded(state: Phase<'running'> | Phase<'draining'>, id: number): Step {
  const event: Answer = { type: 'yielded', items: toItems(state.backlog) };
  return [{ ...state, backlog: null, observer: null }, answer(id, event)];
}

function deliver(state: Phase<'completed'>, id: number): Step {
  return [CLOSED, answer(id, completed(state.backlog, state.end)), retireAfter(state.end)];
}

function completed(backlog: Backlog, { failure, notes }: ProgramEnd): Answer {
  return { type: 'completed', items: toItems(backlog), failure, notes };
}

function retireAfter(end: ProgramEnd): Effect {
  return { type: 'retire', reason: end.failure?.kind === 'lost' ? 'lost' : 'delivered' };
}

function announceCompleted({ failure, notes }: ProgramEnd): Effect {
  return { type: 'announce-closed', end: { type: 'completed', failure, notes } };
}
