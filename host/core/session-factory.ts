import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import { ByteBudget } from '../../src/runtime/byte-budget.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { Program, ProgramCalls, Sandbox } from '../../src/sandbox.ts';
import type { Session, SessionSettings } from '../../src/session.ts';
import type { HostLimits } from './host-limits.ts';
import type { HostLog } from './host-log.ts';
import { type Reading, ReadingGate } from './reading-gate.ts';
import { type SessionOpener, SessionOpening } from './session-opening.ts';

const EMPTY: Program = {
  source: '',
  tools: [],
  values: new Map(),
  toolErrors: 'string',
  console: false,
  globals: 'standard',
  hold: false,
};

const NO_CALLS: ProgramCalls = {
  started() {},
  waits() {},
  output() {},
  store() {},
  yieldControl() {},
  call() {},
  notify() {},
  frontier() {},
};

/** How many holders of sessions an error names. */
const MAX_NAMED = 8;

/** What a session is opened with. */
export interface NewSession {
  readonly id: string;
  /** Names its connection in errors. */
  readonly holder: string;
  /** Reads from the client of the connection; paused while many results wait. */
  readonly reading: Reading;
  readonly delegate: Delegate;
  readonly settings: SessionSettings;
  /** Bounds waits of a session that runs here, in milliseconds; null for the default. */
  readonly maxYieldAfterMs: number | null;
  /** Whether a wait may yield while notifications are delivered. */
  readonly yieldsWhileDraining: boolean;
  /** Whether identifiers of tools are ASCII. */
  readonly asciiToolNames: boolean;
  readonly onRetired: (cellId: string) => void;
}

/** A session of a host. */
export interface FactorySession {
  readonly session: Session;
  /** Null if it runs here and is open already. */
  readonly opening: SessionOpening | null;
}

/** How many sessions a connection has, and the bytes that wait in them. */
interface Holder {
  sessions: number;
  readonly budget: ByteBudget;
}

/** Opens the sessions of a host, in one sandbox or elsewhere, and counts them over all wires. */
export class SessionFactory {
  readonly #where: Sandbox | SessionOpener;
  readonly #limits: HostLimits;
  readonly #log: HostLog;
  readonly #warm: Promise<unknown>;
  /** By which the sandbox knows whoever runs the first program; null once a session has taken its place. */
  #first: symbol | null = null;
  readonly #budget: ByteBudget;
  /** Those that hold sessions. */
  readonly #held = new Map<string, Holder>();
  #count = 0;

  constructor(where: Sandbox | SessionOpener, limits: HostLimits, log: HostLog) {
    this.#where = where;
    this.#limits = limits;
    this.#log = log;
    const name = 'maxHostPendingBytes';
    this.#budget = new ByteBudget(name, limits[name]);
    this.#warm = typeof where === 'function' ? Promise.resolve() : this.#warmUp(where);
  }

  /**
   * Resolves when the sandbox has run a program, so that the first cell of a session starts at once.
   * Also resolves if the sandbox cannot run programs; each cell then reports why.
   */
  get ready(): Promise<unknown> {
    return this.#warm;
  }

  /** The bytes that wait in all sessions together: `maxHostPendingBytes`. */
  get budget(): ByteBudget {
    return this.#budget;
  }

  /** Open sessions of all connections. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts bytes of a holder's client that are looked at and then become a result: nothing more is read
   * from it while there are many, as if they waited for room.
   *
   * @param looked Must not reject.
   */
  countWhile(looked: Promise<unknown>, bytes: number, holder: string): void {
    const budget = this.#held.get(holder)?.budget;
    if (budget === undefined) return;
    budget.countWaiting(bytes);
    void looked.then(() => budget.countWaiting(-bytes));
  }

  /** A new id. */
  newId(): string {
    return crypto.randomUUID();
  }

  /** @throws `limit_exceeded`; `invalid_argument` for invalid limits. */
  open(wanted: NewSession): FactorySession {
    if (this.#count >= this.#limits.maxSessions) throw this.#tooMany();
    const holder = this.#holder(wanted);
    holder.sessions += 1;
    this.#count += 1;
    try {
      return typeof this.#where === 'function'
        ? this.#openElsewhere(this.#where, wanted)
        : { session: this.#openHere(this.#where, wanted, holder.budget), opening: null };
    } catch (error) {
      this.closed(wanted.holder);
      throw error;
    }
  }

  #openElsewhere(open: SessionOpener, { id, delegate, settings, onRetired }: NewSession) {
    const opening = new SessionOpening(open, { delegate, options: settings }, onRetired, {
      afterMs: this.#limits.abandonOpenMs,
      told: (error) => this.#log.warn({ session: id, error }, 'session abandoned'),
    });
    return { session: opening.session, opening };
  }

  /** A session of this holder has ended. */
  closed(holder: string): void {
    this.#count -= 1;
    const held = this.#held.get(holder);
    if (held === undefined) return;
    held.sessions -= 1;
    if (held.sessions === 0) this.#held.delete(holder);
  }

  #openHere(sandbox: Sandbox, wanted: NewSession, budget: ByteBudget): SessionRuntime {
    const { delegate, settings, maxYieldAfterMs, onRetired } = wanted;
    const { yieldsWhileDraining, asciiToolNames } = wanted;
    return new SessionRuntime({
      delegate,
      sandbox,
      symbol: this.#takeFirst(),
      toolErrors: settings.toolErrors ?? 'string',
      console: settings.console ?? false,
      globals: settings.globals ?? 'standard',
      limits: { ...settings.limits, ...(maxYieldAfterMs === null ? {} : { maxYieldAfterMs }) },
      budget,
      yieldsWhileDraining,
      asciiToolNames,
      onRetired,
    });
  }

  async #warmUp(sandbox: Sandbox): Promise<void> {
    const first = Symbol('first session');
    this.#first = first;
    await sandbox.run(EMPTY, NO_CALLS, first).ended;
    if (this.#first !== null) sandbox.release(first);
  }

  /**
   * The first session goes on where the sandbox was tried: its first program may come before that is
   * over, and would have another process started for it.
   */
  #takeFirst(): symbol {
    const first = this.#first ?? Symbol('session');
    this.#first = null;
    return first;
  }

  /** Kept from the first session of a connection to its last. */
  #holder({ holder, reading }: NewSession): Holder {
    const known = this.#held.get(holder);
    if (known !== undefined) return known;
    const limit = 'maxConnectionPendingBytes';
    const gate = new ReadingGate(reading);
    const onWaiting = () => gate.changed(budget, this.#budget);
    const budget = new ByteBudget(limit, this.#limits[limit], this.#budget, onWaiting);
    const added = { sessions: 0, budget };
    this.#held.set(holder, added);
    return added;
  }

  #tooMany(): CodeModeError {
    const holders = [...this.#held].toSorted(([, a], [, b]) => b.sessions - a.sessions);
    const named = holders
      .slice(0, MAX_NAMED)
      .map(([holder, { sessions }]) => `${holder} holds ${sessions}`)
      .concat(holders.length > MAX_NAMED ? ['…'] : [])
      .join(', ');
    const open = `${this.#limits.maxSessions} are open (maxSessions)`;
    return new CodeModeError(
      'limit_exceeded',
      `code-mode host has too many sessions: ${open}${named === '' ? '' : `: ${named}`}`,
    );
  }
}
