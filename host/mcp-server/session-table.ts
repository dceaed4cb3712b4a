import { randomBytes } from 'node:crypto';
import { RecentSet } from '../../src/collections/recent-set.ts';
import { FaceSession } from './face-session.ts';
import type { LazyBackend } from './lazy-backend.ts';

/** A session without a call for that long ends, in milliseconds. */
const IDLE_MS = 30 * 60 * 1000;
const MAX_SESSIONS = 1024;
const CELL_ID_BYTES = 16;
const ENDED = 'The session ended after 30 minutes without a call, and its programs with it';

interface Entry {
  readonly session: FaceSession;
  timer: NodeJS.Timeout;
}

/** The sessions of all clients over HTTP, by their keys. Their cells have ids that nobody can guess. */
export class SessionTable implements AsyncDisposable {
  readonly #backend: LazyBackend;
  readonly #entries = new Map<string, Entry>();
  readonly #ended = new RecentSet<string>(MAX_SESSIONS);
  readonly #closing = new Set<Promise<void>>();

  constructor(backend: LazyBackend) {
    this.#backend = backend;
  }

  /** Whether a session of this key can be used: it is open, or there is room for one more. */
  hasRoomFor(key: string): boolean {
    return this.#entries.has(key) || this.#entries.size < MAX_SESSIONS;
  }

  /** The session of a key, which is opened if it is not. It stays open for 30 minutes from now. */
  use(key: string): FaceSession {
    const entry = this.#entries.get(key) ?? this.#open(key);
    clearTimeout(entry.timer);
    entry.timer = this.#timer(key);
    return entry.session;
  }

  /** Ends all sessions. Safe to call twice. */
  async close(): Promise<void> {
    for (const key of [...this.#entries.keys()]) this.#end(key);
    await Promise.all(this.#closing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #open(key: string): Entry {
    const nameCell = () => randomBytes(CELL_ID_BYTES).toString('hex');
    const remark = this.#ended.has(key) ? ENDED : undefined;
    const session = new FaceSession(key, this.#backend, nameCell, remark);
    const entry = { session, timer: this.#timer(key) };
    this.#entries.set(key, entry);
    return entry;
  }

  #timer(key: string): NodeJS.Timeout {
    return setTimeout(() => this.#expire(key), IDLE_MS).unref();
  }

  #expire(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (entry.session.isCalled) {
      entry.timer = this.#timer(key);
      return;
    }
    this.#ended.add(key);
    this.#end(key);
  }

  #end(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    clearTimeout(entry.timer);
    const closing = entry.session.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
