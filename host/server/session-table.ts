import { CodeModeError } from '../../src/errors.ts';
import type { Operation, SessionOptions } from '../wire/protocol.ts';
import { ClientDelegate } from './client-delegate.ts';
import { DeferredSession } from './deferred-session.ts';
import type { DelegateCalls } from './delegate-calls.ts';
import { HostedSession } from './hosted-session.ts';
import type { SessionFactory } from './session-factory.ts';
import { UsedIds } from './used-ids.ts';

type Request<M extends Operation['method']> = Extract<Operation, { method: M }>;

/** What the sessions of one connection have in common. */
export interface SessionTableParts {
  readonly factory: SessionFactory;
  /** Whose sessions these are, for people. */
  readonly holder: string;
  readonly calls: DelegateCalls;
  /** Whether the client understands `cellhost.cells`. */
  readonly own: boolean;
  readonly onCellClosed: (sessionId: string, cellId: string) => void;
}

/** What a client wants of a new session. */
interface Wishes {
  readonly options: SessionOptions;
  readonly maxYieldTimeMs: number | null;
  readonly truncates: boolean;
}

/** A session whose id this host chose. */
interface CreatedId {
  readonly sessionId: string;
  readonly remoteUrl?: string;
}

interface Entry {
  readonly session: HostedSession;
  closing: Promise<void> | null;
}

/** The sessions of one connection, by id. An id that was used once is not taken again. */
export class SessionTable {
  readonly #parts: SessionTableParts;
  readonly #entries = new Map<string, Entry>();
  readonly #used = new UsedIds<string>();

  constructor(parts: SessionTableParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(sessionId: string): HostedSession | undefined {
    return this.#entries.get(sessionId)?.session;
  }

  /**
   * Opens a session whose id the client chose. It is known at once.
   *
   * @returns Resolves when it is there.
   * @throws `invalid_argument`, `limit_exceeded`; why it cannot be opened.
   */
  async open(request: Request<'session/open'>): Promise<void> {
    const { sessionId, cellExecutionLimits, options, outputTruncation } = request;
    if (this.#entries.has(sessionId)) throw taken(sessionId, 'is already open');
    if (this.#used.has(sessionId)) throw taken(sessionId, 'was reused');
    await this.#add(sessionId, {
      options: options ?? {},
      maxYieldTimeMs: cellExecutionLimits?.maxYieldTimeMs ?? null,
      truncates: outputTruncation === 'server',
    });
  }

  /** Opens a session whose id this host chooses. See `open`. */
  async create({ options }: Request<'session/create'>): Promise<CreatedId> {
    const sessionId = this.#parts.factory.newId();
    const wishes = { options: options ?? {}, maxYieldTimeMs: null, truncates: false };
    const remoteUrl = await this.#add(sessionId, wishes);
    return { sessionId, ...(remoteUrl === undefined ? {} : { remoteUrl }) };
  }

  /** Ends a session; whoever asks again meanwhile waits for the same end. @throws `session_unknown`. */
  close(sessionId: string): Promise<void> {
    const entry = this.#entries.get(sessionId);
    if (entry === undefined) {
      throw new CodeModeError('session_unknown', `unknown code-mode session ${sessionId}`);
    }
    entry.closing ??= this.#close(sessionId, entry.session);
    return entry.closing;
  }

  /** Ends all sessions in the same tick. One that cannot be ended well holds up no other. */
  async closeAll(): Promise<void> {
    await Promise.allSettled([...this.#entries.keys()].map((sessionId) => this.close(sessionId)));
  }

  async #close(sessionId: string, session: HostedSession): Promise<void> {
    try {
      await session.close();
    } finally {
      this.#entries.delete(sessionId);
      this.#used.add(sessionId);
      this.#parts.factory.closed(this.#parts.holder);
    }
  }

  /** @returns Where it can be looked at, when it is there. */
  async #add(
    sessionId: string,
    { options, maxYieldTimeMs, truncates }: Wishes,
  ): Promise<string | undefined> {
    const { calls, own, onCellClosed, factory, holder } = this.#parts;
    const session = new HostedSession({
      id: sessionId,
      own,
      truncates,
      onCellClosed: (cellId) => onCellClosed(sessionId, cellId),
    });
    const delegate = new ClientDelegate(calls, sessionId, own, session);
    const onRetired = (cellId: string) => session.cellRetired(cellId);
    const opened = factory.open({
      id: sessionId,
      holder,
      own,
      delegate,
      options,
      maxYieldTimeMs,
      onRetired,
    });
    this.#entries.set(sessionId, { session, closing: null });
    session.attach(opened);
    if (!(opened instanceof DeferredSession)) return undefined;
    try {
      return await opened.opened();
    } catch (error) {
      if (this.#entries.has(sessionId)) await this.close(sessionId);
      throw error;
    }
  }
}

function taken(sessionId: string, how: string): CodeModeError {
  return new CodeModeError('invalid_argument', `code-mode session ID \`${sessionId}\` ${how}`);
}
