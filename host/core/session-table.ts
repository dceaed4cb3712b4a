import { RecentSet } from '../../src/collections/recent-set.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { CallPasser } from '../../src/runtime/passed-call.ts';
import type { SessionSettings } from '../../src/session.ts';
import type { ClosedRule } from './cell-standing.ts';
import { REMEMBERED_IDS } from './host-limits.ts';
import { HostedSession } from './hosted-session.ts';
import type { Reading } from './reading-gate.ts';
import type { SessionFactory } from './session-factory.ts';

/** What the sessions of one connection have in common. */
export interface SessionTableParts {
  readonly factory: SessionFactory;
  /** Names the connection in errors. */
  readonly holder: string;
  /** See `NewSession`. */
  readonly reading: Reading;
  readonly closedRule: ClosedRule;
  /** See `NewSession`. */
  readonly yieldsWhileDraining: boolean;
  /** See `NewSession`. */
  readonly asciiToolNames: boolean;
  /** Makes the delegate of a session, which asks the client over its wire. */
  readonly delegateOf: (sessionId: string) => CallPasser;
  readonly onCellClosed: (sessionId: string, cellId: string) => void;
}

/** What a client wants of a new session. */
export interface SessionTerms {
  readonly settings: SessionSettings;
  /** See `NewSession`. */
  readonly maxYieldAfterMs: number | null;
  /** Whether output is cut here to what a model may be shown. */
  readonly truncates: boolean;
}

/** A session whose id the host chose. */
export interface CreatedId {
  readonly sessionId: string;
  /** The address where it can be watched. */
  readonly remoteUrl?: string;
}

interface Entry {
  readonly session: HostedSession;
  closing: Promise<void> | null;
}

/** The sessions of one connection, by id. An id that was used is not accepted again. */
export class SessionTable {
  readonly #parts: SessionTableParts;
  readonly #entries = new Map<string, Entry>();
  readonly #used = new RecentSet<string>(REMEMBERED_IDS);

  constructor(parts: SessionTableParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws `session_unknown`. */
  get(sessionId: string): HostedSession {
    return this.#find(sessionId).session;
  }

  /**
   * Opens a session whose id the client chose. It takes requests at once.
   *
   * @returns Resolves when it is open.
   * @throws `invalid_argument`, `limit_exceeded`; why it cannot be opened.
   */
  async open(sessionId: string, terms: SessionTerms): Promise<void> {
    if (this.#entries.has(sessionId)) throw taken(sessionId, 'is already open');
    if (this.#used.has(sessionId)) throw taken(sessionId, 'was reused');
    await this.#add(sessionId, terms);
  }

  /** Opens a session whose id this host chooses. See `open`. */
  async create(terms: SessionTerms): Promise<CreatedId> {
    const sessionId = this.#parts.factory.newId();
    const remoteUrl = await this.#add(sessionId, terms);
    return { sessionId, ...(remoteUrl === undefined ? {} : { remoteUrl }) };
  }

  /** Counts bytes of the client while they are looked at. See `SessionFactory`. */
  countWhile(looked: Promise<unknown>, bytes: number): void {
    const { factory, holder } = this.#parts;
    factory.countWhile(looked, bytes, holder);
  }

  /** Closes a session. Later calls wait for the same end. @throws `session_unknown`. */
  close(sessionId: string): Promise<void> {
    const entry = this.#find(sessionId);
    entry.closing ??= this.#close(sessionId, entry.session);
    return entry.closing;
  }

  /** Closes all sessions in the same tick. The failure of one does not delay the others. */
  async closeAll(): Promise<void> {
    await Promise.allSettled([...this.#entries.keys()].map((sessionId) => this.close(sessionId)));
  }

  #find(sessionId: string): Entry {
    const entry = this.#entries.get(sessionId);
    if (entry !== undefined) return entry;
    throw new CodeModeError('session_unknown', `unknown code-mode session ${sessionId}`);
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

  /** @returns The address where it can be watched, once it is open. */
  async #add(sessionId: string, terms: SessionTerms): Promise<string | undefined> {
    const { factory, holder, reading, closedRule, delegateOf } = this.#parts;
    const { yieldsWhileDraining, asciiToolNames } = this.#parts;
    const hosted = new HostedSession({
      id: sessionId,
      closedRule,
      truncates: terms.truncates,
      onCellClosed: (cellId) => this.#parts.onCellClosed(sessionId, cellId),
    });
    const { session, opening } = factory.open({
      id: sessionId,
      holder,
      reading,
      delegate: hosted.delegateOver(delegateOf(sessionId)),
      settings: terms.settings,
      maxYieldAfterMs: terms.maxYieldAfterMs,
      yieldsWhileDraining,
      asciiToolNames,
      onRetired: (cellId) => hosted.cellRetired(cellId),
    });
    this.#entries.set(sessionId, { session: hosted, closing: null });
    hosted.attach(session);
    if (opening === null) return undefined;
    try {
      return await opening.opened();
    } catch (error) {
      if (this.#entries.has(sessionId)) await this.close(sessionId);
      throw error;
    }
  }
}

function taken(sessionId: string, how: string): CodeModeError {
  return new CodeModeError('invalid_argument', `code-mode session ID \`${sessionId}\` ${how}`);
}
