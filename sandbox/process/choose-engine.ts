import { availableParallelism } from 'node:os';
import type { Access } from './company.ts';

/** How many programs of a session may wait for their start in one process before it gets another. */
const CROWD = 4;
/** After so long idle, in milliseconds, a process is unlikely to be missed by its last session. */
const MISSED_MS = 1_000;

/** What the choice depends on in a process that may run a program. */
export interface Candidate {
  /** Programs that run or may still be running. */
  readonly load: number;
  /** Programs it was given that have not started and do not wait for others of their session. */
  readonly starting: number;
  /** Whether it accepts programs yet. */
  readonly ready: boolean;
  /** Whether it has room for a program beside those that run in it. */
  readonly access: Access;
  /** Whether it is given no more programs if there can be another. */
  readonly worn: boolean;
  /** Sessions that it knows. */
  readonly sessionCount: number;
  knows(session: symbol): boolean;
}

/** What there is to choose from for the next program of a session. */
export interface Situation<Engine> {
  readonly session: symbol;
  /** All processes that are not being ended. Called only if it matters. */
  readonly living: () => readonly Engine[];
  /** Those that belong to the session. */
  readonly own: readonly Engine[];
  /** Whether the session recently brought down its process. Called only if it matters. */
  readonly isBlamed: () => boolean;
  /** How long a process has been idle, in milliseconds. */
  readonly idleMs: (engine: Engine) => number;
  readonly maxProcesses: number;
  readonly sessionsPerProcess: number;
}

/** Where a program goes. */
export interface Choice<Engine> {
  /** Null if a process has to be started, or asked. */
  readonly engine: Engine | null;
  /** The process that is to make room: the program waits for that. Default: none. */
  readonly asked?: Engine;
  /** Whether the program waits until a process is ready, or idle that the session has just left. Default: no. */
  readonly isPatient?: boolean;
  /** Whether the process belongs to the session alone from now on. */
  readonly isTaken: boolean;
  /** Whether a spare would have helped and there was none; undefined if none was looked for. */
  readonly lacksRelief?: boolean;
}

/** Chooses the process for the next program of a session. */
export function chooseEngine<Engine extends Candidate>(
  situation: Situation<Engine>,
): Choice<Engine> {
  const { session, own, maxProcesses } = situation;
  const isOpen = ({ access }: Engine) => access === 'open';
  const unworn = own.filter(({ worn }) => !worn);
  const [least] = unworn.filter(isOpen).toSorted((a, b) => a.starting - b.starting);
  if (least !== undefined) return relieve(situation, least);
  const asked = unworn.find(({ access }) => access === 'askable');
  if (asked !== undefined) return { engine: null, asked, isTaken: false };
  const living = situation.living();
  const isFull = living.length >= maxProcesses;
  const last = isFull ? own.find(isOpen) : undefined;
  if (last !== undefined) return { engine: last, isTaken: false };
  const idle = living.filter(({ load }) => load === 0);
  const free = idle.find((engine) => engine.knows(session)) ?? unneeded(situation, idle);
  if (free?.ready === false && living.some((engine) => isLeft(situation, engine))) {
    return { engine: null, isPatient: true, isTaken: false };
  }
  if (free !== undefined) return { engine: free, isTaken: true };
  const open = living.filter(isOpen);
  const usable = isFull ? open : open.filter(({ worn }) => !worn);
  return { engine: shareable(situation, usable, isFull), isTaken: false };
}

/** The session's own process, or an unused spare if the session starts many programs at once. */
function relieve<Engine extends Candidate>(
  situation: Situation<Engine>,
  least: Engine,
): Choice<Engine> {
  const { own, maxProcesses, sessionsPerProcess } = situation;
  const isCrowded = least.starting >= CROWD && own.length < availableParallelism();
  if (!isCrowded || sessionsPerProcess > 1) return { engine: least, isTaken: false };
  const living = situation.living();
  if (living.length >= maxProcesses) return { engine: least, isTaken: false };
  const spare = living.find(({ load, ready }) => load === 0 && ready);
  if (spare === undefined) return { engine: least, isTaken: false, lacksRelief: true };
  return { engine: spare, isTaken: true, lacksRelief: false };
}

/** Whether all that may still be running in a process are programs that the session has ended. */
function isLeft<Engine extends Candidate>(
  { session, own }: Situation<Engine>,
  engine: Engine,
): boolean {
  const { load, sessionCount } = engine;
  return load > 0 && sessionCount === 1 && engine.knows(session) && !own.includes(engine);
}

/** An idle process, one that is ready if there is any. A session that brought down its own gets none that another session has just used. */
function unneeded<Engine extends Candidate>(
  { isBlamed, idleMs }: Situation<Engine>,
  idle: readonly Engine[],
): Engine | undefined {
  if (idle.length === 0) return undefined;
  const usable = isBlamed()
    ? idle.filter((engine) => engine.sessionCount === 0 || idleMs(engine) > MISSED_MS)
    : idle;
  return usable.find(({ ready }) => ready) ?? usable[0];
}

/** A process with room for another session; if all are in use, the one with the fewest programs. */
function shareable<Engine extends Candidate>(
  { sessionsPerProcess }: Situation<Engine>,
  usable: readonly Engine[],
  isFull: boolean,
): Engine | null {
  const byLoad = usable.toSorted((a, b) => a.load - b.load || a.sessionCount - b.sessionCount);
  const shared = byLoad.find(({ sessionCount }) => sessionCount < sessionsPerProcess);
  return shared ?? (isFull ? byLoad[0] : undefined) ?? null;
}
