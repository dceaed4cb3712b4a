import { type Access, accessOf, type CompanyInput, NO_COMPANY, nextCompany } from './company.ts';
import type { EngineOptions } from './engine-options.ts';
import { Down } from './message-kinds.ts';

/** How long a process may take to make room for another program before that goes elsewhere, in milliseconds. */
const ROOM_MS = 5;
/** How long a program that was left alone may take to stop before its process is ended, in milliseconds. */
const STOP_MS = 10;

/** When a process can leave a program alone: as soon as one has started, when it says that it can, or never. */
export type WhenAble = 'started' | 'said' | 'never';

/** What the host knows of a process that may leave its program alone, and what it tells it. */
export interface LoneProgramParts {
  readonly whenAble: () => WhenAble;
  readonly send: (kind: number) => void;
  /** Programs that run in the process or may still be running. */
  readonly load: () => number;
  /** Whether the program may be left alone now. */
  readonly mayBeAlone: () => boolean;
  /** Acts after so many milliseconds, when what has arrived by then has been read. */
  readonly after: (ms: number, act: () => void) => void;
  /** Another program may start in the process now, or has to go elsewhere. */
  readonly onAccess: () => void;
}

/** What `EngineOptions` say of that. */
export function whenAble(options: Pick<EngineOptions, 'aloneAfter' | 'endWithHost'>): WhenAble {
  const { aloneAfter = 0, endWithHost = [] } = options;
  if (aloneAfter === 0) return 'never';
  return endWithHost.length > 0 ? 'started' : 'said';
}

/** Leaves the program of a sandbox process alone, and makes room for others when they come. */
export class LoneProgram {
  readonly #parts: LoneProgramParts;
  #company = NO_COMPANY;
  /** Whether others have come lately: they may come again. */
  #isCrowded = false;

  constructor(parts: LoneProgramParts) {
    this.#parts = parts;
  }

  get access(): Access {
    return accessOf(this.#company, this.#parts.load());
  }

  /** Whether the main thread of the process may be inside its program, and so hear nothing. */
  get isAlone(): boolean {
    return this.#company.phase !== 'shared' && this.#parts.load() > 0;
  }

  /** A program has started. The first one of a process starts sooner in a thread, beside its main thread. */
  started(): void {
    if (this.#parts.whenAble() === 'started' && this.#apply('able')) this.#leave();
  }

  /**
   * The process says so.
   *
   * @returns Whether it may.
   */
  said(what: 'able' | 'shared'): boolean {
    if (what === 'able' && this.#parts.whenAble() !== 'said') return false;
    if (!this.#apply(what)) return false;
    if (what === 'shared') this.#parts.onAccess();
    else this.#leave();
    return true;
  }

  /** A program is about to start, and counts already. */
  starts(): void {
    if (!this.#parts.mayBeAlone()) this.want();
    else if (!this.#isCrowded) this.#leave();
  }

  /** To be called now and then while something runs: a program that has been alone for a while is left alone. */
  look(): void {
    if (!this.#isCrowded) this.#leave();
    this.#isCrowded = this.#parts.load() > 1;
  }

  /** Another program is to start in the process. `onAccess` is called when it can, or will not soon. */
  want(): void {
    this.#isCrowded = true;
    if (this.#company.phase !== 'alone') return;
    this.#apply('want');
    this.#parts.send(Down.Share);
    this.#parts.after(ROOM_MS, () => {
      if (this.#company.phase !== 'asked') return;
      this.#apply('overdue');
      this.#parts.onAccess();
    });
  }

  /**
   * The program was told to stop.
   *
   * @param end Ends the process, in which nothing else runs, unless the program has stopped. Called at
   *   once if the program probably computes.
   */
  killed(end: () => void): void {
    if (this.#company.phase === 'occupied') end();
    else if (this.#company.phase !== 'shared') this.#parts.after(STOP_MS, end);
  }

  #leave(): void {
    const { load, mayBeAlone } = this.#parts;
    if (load() !== 1 || this.#company.phase !== 'shared' || !mayBeAlone()) return;
    this.#apply('leave');
    if (this.isAlone) this.#parts.send(Down.Alone);
  }

  #apply(input: CompanyInput): boolean {
    const next = nextCompany(this.#company, input);
    if (next !== null) this.#company = next;
    return next !== null;
  }
}
