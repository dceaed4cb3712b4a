import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { Program, ProgramCalls, Sandbox } from '../../src/sandbox.ts';
import type { Session, SessionSettings } from '../../src/session.ts';
import type { HostLimits } from './host-limits.ts';
import type { HostLog } from './host-log.ts';
import { type SessionOpener, SessionOpening } from './session-opening.ts';

const EMPTY: Program = {
  source: '',
  tools: [],
  values: new Map(),
  toolErrors: 'string',
  console: false,
  hold: false,
};

const NO_CALLS: ProgramCalls = {
  started() {},
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
  readonly delegate: Delegate;
  readonly settings: SessionSettings;
  /** Bounds waits of a session that runs here, in milliseconds; null for the default. */
  readonly maxYieldAfterMs: number | null;
  /** Whether a wait may yield while notifications are delivered. */
  readonly yieldsWhileDraining: boolean;
  readonly onRetired: (cellId: string) => void;
}

/** A session of a host. */
export interface FactorySession {
  readonly session: Session;
  /** Null if it runs here and is open already. */
  readonly opening: SessionOpening | null;
}

/** Opens the sessions of a host, in one sandbox or elsewhere, and counts them over all wires. */
export class SessionFactory {
  readonly #where: Sandbox | SessionOpener;
  readonly #limits: HostLimits;
  readonly #log: HostLog;
  readonly #warm: Promise<unknown>;
  /** How many sessions each holder has. */
  readonly #held = new Map<string, number>();
  #count = 0;

  constructor(where: Sandbox | SessionOpener, limits: HostLimits, log: HostLog) {
    this.#where = where;
    this.#limits = limits;
    this.#log = log;
    this.#warm = typeof where === 'function' ? Promise.resolve() : warmUp(where);
  }

  /**
   * Resolves when the sandbox has run a program, so that the first cell of a session starts at once.
   * Also resolves if the sandbox cannot run programs; each cell then reports why.
   */
  get ready(): Promise<unknown> {
    return this.#warm;
  }

  /** Open sessions of all connections. */
  get count(): number {
    return this.#count;
  }

  /** A new id. */
  newId(): string {
    return crypto.randomUUID();
  }

  /** @throws `limit_exceeded`; `invalid_argument` for invalid limits. */
  open(wanted: NewSession): FactorySession {
    if (this.#count >= this.#limits.maxSessions) throw this.#tooMany();
    const opened =
      typeof this.#where === 'function'
        ? this.#openElsewhere(this.#where, wanted)
        : { session: runtimeOver(this.#where, wanted), opening: null };
    this.#add(wanted.holder, 1);
    return opened;
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
    this.#add(holder, -1);
  }

  #add(holder: string, count: 1 | -1): void {
    this.#count += count;
    const held = (this.#held.get(holder) ?? 0) + count;
    if (held === 0) this.#held.delete(holder);
    else this.#held.set(holder, held);
  }

  #tooMany(): CodeModeError {
    const holders = [...this.#held].toSorted(([, a], [, b]) => b - a);
    const named = holders
      .slice(0, MAX_NAMED)
      .map(([holder, held]) => `${holder} holds ${held}`)
      .concat(holders.length > MAX_NAMED ? ['…'] : [])
      .join(', ');
    const open = `${this.#limits.maxSessions} are open (maxSessions)`;
    return new CodeModeError(
      'limit_exceeded',
      `code-mode host has too many sessions: ${open}${named === '' ? '' : `: ${named}`}`,
    );
  }
}

function runtimeOver(sandbox: Sandbox, wanted: NewSession): SessionRuntime {
  const { delegate, settings, maxYieldAfterMs, yieldsWhileDraining, onRetired } = wanted;
  return new SessionRuntime({
    delegate,
    sandbox,
    toolErrors: settings.toolErrors ?? 'string',
    console: settings.console ?? false,
    limits: { ...settings.limits, ...(maxYieldAfterMs === null ? {} : { maxYieldAfterMs }) },
    yieldsWhileDraining,
    onRetired,
  });
}

function warmUp(sandbox: Sandbox): Promise<unknown> {
  const session = Symbol('warm-up');
  const { ended } = sandbox.run(EMPTY, NO_CALLS, session);
  return ended.then(() => sandbox.release(session));
}
