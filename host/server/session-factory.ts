import { randomUUID } from 'node:crypto';
import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { SessionLimits } from '../../src/limits.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { Program, ProgramCalls, Sandbox } from '../../src/sandbox.ts';
import type { Operation, SessionOptions } from '../wire/protocol.ts';
import { DeferredSession, type OpenSession } from './deferred-session.ts';
import type { HostLimits } from './host-limits.ts';
import type { HostLog } from './host-log.ts';

const NOTHING: Program = {
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

/** How many of those who hold sessions an error names. */
const MAX_NAMED = 8;

/** What a session is opened with. */
export interface NewSession {
  readonly id: string;
  /** Who has it, for people. */
  readonly holder: string;
  /** Whether the client understands `cellhost.cells`. */
  readonly own: boolean;
  readonly delegate: Delegate;
  readonly options: SessionOptions;
  /** As version 1 gives it. */
  readonly maxYieldTimeMs: number | null;
  readonly onRetired: (cellId: string) => void;
}

export type OpenOperation = Extract<Operation, { method: 'session/open' }>;

/** Opens the sessions of a host, over one sandbox or wherever they are opened, and counts them. */
export class SessionFactory {
  readonly #where: Sandbox | OpenSession;
  readonly #limits: HostLimits;
  readonly #log: HostLog;
  readonly #warm: Promise<unknown>;
  /** How many sessions each has. */
  readonly #held = new Map<string, number>();
  #count = 0;

  constructor(where: Sandbox | OpenSession, limits: HostLimits, log: HostLog) {
    this.#where = where;
    this.#limits = limits;
    this.#log = log;
    this.#warm = typeof where === 'function' ? Promise.resolve() : warmUp(where);
  }

  /**
   * Resolves when the sandbox has run something, so that a session that is ready runs its first
   * cell at once. Where it cannot run anything, the cells will say why.
   */
  get ready(): Promise<unknown> {
    return this.#warm;
  }

  /** Sessions there are now, of all connections. */
  get count(): number {
    return this.#count;
  }

  /** An id nobody has had before. */
  newId(): string {
    return randomUUID();
  }

  /** @throws `limit_exceeded`; `invalid_argument` for limits that are none. */
  open(wanted: NewSession): SessionRuntime | DeferredSession {
    if (this.#count >= this.#limits.maxSessions) throw this.#tooMany();
    const session =
      typeof this.#where === 'function'
        ? this.#deferred(this.#where, wanted)
        : runtimeOver(this.#where, wanted);
    this.#add(wanted.holder, 1);
    return session;
  }

  #deferred(open: OpenSession, { id, delegate, options, onRetired }: NewSession): DeferredSession {
    return new DeferredSession(open, { delegate, options }, onRetired, {
      afterMs: this.#limits.abandonOpenMs,
      told: (error) => this.#log.warn({ session: id, error }, 'session abandoned'),
    });
  }

  /** One that was opened here is over. */
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

function runtimeOver(
  sandbox: Sandbox,
  { own, delegate, options, maxYieldTimeMs, onRetired }: NewSession,
): SessionRuntime {
  const limits = options.limits as Partial<SessionLimits> | undefined;
  const yields = maxYieldTimeMs === null ? {} : { maxYieldAfterMs: maxYieldTimeMs };
  return new SessionRuntime({
    delegate,
    sandbox,
    toolErrors: options.toolErrors ?? 'string',
    console: options.console ?? false,
    limits: { ...limits, ...yields },
    // Version 1 has no yield there.
    yieldsWhileDraining: own,
    onRetired,
  });
}

function warmUp(sandbox: Sandbox): Promise<unknown> {
  const session = Symbol('warm-up');
  const { ended } = sandbox.run(NOTHING, NO_CALLS, session);
  return ended.then(() => sandbox.release(session));
}
