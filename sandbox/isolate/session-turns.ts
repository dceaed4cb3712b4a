import { startTimer } from '../../src/waiting/timer.ts';
import { NO_TURNS, nextTurns, type TurnInput, type Turns } from './next-turns.ts';

/** A program is told that it waits only after so long: most have their turn sooner. In milliseconds. */
const TOLD_MS = 500;

type Take = TurnInput<Turn>['type'];

/**
 * Limits how many programs of a session run at the same time, so that its threads leave processors
 * to others. Each session has its own turns: none waits for another one.
 */
export class SessionTurns {
  readonly #max: number;
  readonly #sessions = new Map<symbol, Turns<Turn>>();
  #asked = 0;

  /** @param max Programs of one session that run at a time; one can always run. */
  constructor(max: number) {
    this.#max = Math.max(1, max);
  }

  /** Sessions of which programs run or wait. */
  get size(): number {
    return this.#sessions.size;
  }

  /** How often programs have asked for their turn: at their start, and for each entry into an isolate. */
  get asked(): number {
    return this.#asked;
  }

  /** Whether a program of the session runs, or has been given its turn. */
  has(session: symbol): boolean {
    return this.#sessions.has(session);
  }

  /** @param onWaits Called when a program has waited for a while, and when it then has its turn. */
  join(session: symbol, onWaits: (isWaiting: boolean) => void): Turn {
    return new Turn((turn, type) => this.#next(session, turn, type), onWaits);
  }

  /** @returns Whether the program runs. */
  #next(session: symbol, program: Turn, type: Take): boolean {
    if (type === 'take') this.#asked += 1;
    const turns = this.#sessions.get(session) ?? NO_TURNS;
    const [next, begins] = nextTurns(turns, { type, program }, this.#max);
    if (next.running.length > 0) this.#sessions.set(session, next);
    else this.#sessions.delete(session);
    if (begins !== program) begins?.given();
    return next.running.includes(program);
  }
}

/** The place of one program among those of its session. */
export class Turn {
  readonly #next: (turn: Turn, type: Take) => boolean;
  readonly #onWaits: (isWaiting: boolean) => void;
  #waiting: PromiseWithResolvers<boolean> | null = null;
  #tellTimer: NodeJS.Timeout | undefined;
  #isTold = false;
  #isOver = false;

  constructor(next: (turn: Turn, type: Take) => boolean, onWaits: (isWaiting: boolean) => void) {
    this.#next = next;
    this.#onWaits = onWaits;
  }

  /**
   * Asks for the turn of the program, which must not be waiting for it already.
   *
   * @returns Null if it may run; otherwise resolves with true when it may, and with false if it is over.
   */
  take(): Promise<boolean> | null {
    if (this.#isOver) return Promise.resolve(false);
    if (this.#next(this, 'take')) return null;
    this.#waiting = Promise.withResolvers();
    this.#tellTimer = startTimer(() => this.#tell(true), TOLD_MS)?.unref();
    return this.#waiting.promise;
  }

  /** It has its turn now. */
  given(): void {
    if (this.#isTold) this.#tell(false);
    this.#settle(true);
  }

  /** It does not run for now: another program may. */
  leave(): void {
    if (!this.#isOver) this.#next(this, 'leave');
  }

  /** It never runs again. Safe to call twice. */
  close(): void {
    this.leave();
    this.#isOver = true;
    this.#settle(false);
  }

  #settle(mayRun: boolean): void {
    clearTimeout(this.#tellTimer);
    this.#waiting?.resolve(mayRun);
    this.#waiting = null;
  }

  #tell(isWaiting: boolean): void {
    this.#isTold = isWaiting;
    this.#onWaits(isWaiting);
  }
}
