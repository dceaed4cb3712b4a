import { availableParallelism } from 'node:os';

/** Programs of one session that wait to be started in a process before it is given another one. */
const CROWD = 4;
/** How long a process has been idle that its last session will hardly miss, in milliseconds. */
const MISSED_MS = 1_000;

/** What matters of a process that may run a program. */
export interface Candidate {
  /** Programs that run or may still be running. */
  readonly load: number;
  /** Programs it was given that have neither begun to run nor wait for others of their session. */
  readonly starting: number;
  /** Whether it runs programs already. */
  readonly ready: boolean;
  /** Programs started in it so far. */
  readonly programs: number;
  /** Sessions that it knows. */
  readonly sessionCount: number;
  knows(session: symbol): boolean;
}

/** Which process there is for the next program of a session. */
export interface Situation<Engine> {
  readonly session: symbol;
  /** All processes that are not being ended. Asked only where it matters. */
  readonly living: () => readonly Engine[];
  /** Those of them that are the session's. */
  readonly own: readonly Engine[];
  /** Whether the session lately brought down its process. Asked only where it matters. */
  readonly isBlamed: () => boolean;
  /** How long a process has been idle, in milliseconds. */
  readonly idleMs: (engine: Engine) => number;
  readonly maxProcesses: number;
  readonly sessionsPerProcess: number;
  readonly maxProgramsPerProcess: number;
}

/** Where a program goes. */
export interface Choice<Engine> {
  /** Null where a process has to be started. */
  readonly engine: Engine | null;
  /** Whether the process is the session's alone from now on. */
  readonly isTaken: boolean;
  /** Whether a spare would have helped, and there was none; undefined where none was looked for. */
  readonly lacksRelief?: boolean;
}

/** Chooses the process for the next program of a session. */
export function chooseEngine<Engine extends Candidate>(
  situation: Situation<Engine>,
): Choice<Engine> {
  const { session, own, maxProcesses, maxProgramsPerProcess } = situation;
  const hasServed = ({ programs }: Engine) => programs >= maxProgramsPerProcess;
  const [least] = own
    .filter((engine) => !hasServed(engine))
    .toSorted((a, b) => a.starting - b.starting);
  if (least !== undefined) return relieve(situation, least);
  const living = situation.living();
  const isFull = living.length >= maxProcesses;
  if (isFull && own[0] !== undefined) return { engine: own[0], isTaken: false };
  const idle = living.filter(({ load }) => load === 0);
  const free = idle.find((engine) => engine.knows(session)) ?? unneeded(situation, idle);
  if (free !== undefined) return { engine: free, isTaken: true };
  const usable = isFull ? living : living.filter((engine) => !hasServed(engine));
  return { engine: shareable(situation, usable, isFull), isTaken: false };
}

/** The own process, or a spare for a session that starts many programs at once, where nobody will miss it. */
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

/** An idle process. A session that brought its own down gets none that another one used a moment ago. */
function unneeded<Engine extends Candidate>(
  { isBlamed, idleMs }: Situation<Engine>,
  idle: readonly Engine[],
): Engine | undefined {
  if (idle.length === 0 || !isBlamed()) return idle[0];
  return idle.find((engine) => engine.sessionCount === 0 || idleMs(engine) > MISSED_MS);
}

/** One that has room for another session; where all are in use, the one with the fewest programs. */
function shareable<Engine extends Candidate>(
  { sessionsPerProcess }: Situation<Engine>,
  usable: readonly Engine[],
  isFull: boolean,
): Engine | null {
  const byLoad = usable.toSorted((a, b) => a.load - b.load || a.sessionCount - b.sessionCount);
  const shared = byLoad.find(({ sessionCount }) => sessionCount < sessionsPerProcess);
  return shared ?? (isFull ? byLoad[0] : undefined) ?? null;
}
