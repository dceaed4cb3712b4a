import { startTimer } from '../../src/waiting/timer.ts';
import type { SandboxLimits } from '../limits.ts';
import { type IdleUse, mayRunAnother, toKeep } from './isolate-reuse.ts';
import type { ProgramIsolate } from './program-isolate.ts';

/** Disposing blocks this thread, so those who were told of an end go first. In milliseconds. */
const SETTLE_MS = 2;
/** How long a released session's isolates are kept, in milliseconds. */
const RELEASED_MS = 1_000;

interface IdleIsolate extends IdleUse {
  readonly isolate: ProgramIsolate;
}

/**
 * Isolates whose last program ended by itself, for the next programs of the same session.
 *
 * Each gets a fresh context: ahead of time if there is time, by a thread if this one is busy.
 */
export class UsedIsolates {
  readonly #limits: SandboxLimits;
  /** In the order in which they became idle. */
  #idle: IdleIsolate[] = [];
  /** Isolates in which threads may be. */
  readonly #preparing = new Set<Promise<void>>();
  readonly #released = new Map<symbol, NodeJS.Timeout | undefined>();
  #settleTimer: NodeJS.Timeout | undefined;
  #prepareTurn: NodeJS.Immediate | undefined;

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
  }

  /** How many isolates are kept. */
  get size(): number {
    return this.#idle.length;
  }

  /** Whether an isolate with a fresh context is kept for this session. */
  isReady(session: symbol): boolean {
    return this.#idle.some((idle) => idle.session === session && idle.isolate.state === 'ready');
  }

  /** Keeps an isolate that no thread is inside, or disposes it soon if it must not be used again. */
  put(session: symbol, isolate: ProgramIsolate): void {
    const programs = isolate.contexts;
    const usedBytes = release(isolate);
    if (!mayRunAnother({ programs, usedBytes }, this.#limits)) {
      startTimer(() => isolate.dispose(), SETTLE_MS);
      return;
    }
    this.#idle.push({ session, isolate, usedBytes });
  }

  /**
   * The isolate that became idle last, with a fresh context, of those that no thread prepares; undefined
   * if the session has none.
   */
  take(session: symbol): ProgramIsolate | undefined {
    this.#keep(session);
    const idle = this.#lastOf(session, 'ready') ?? this.#lastOf(session, 'used');
    if (idle === undefined) return undefined;
    this.#idle = this.#idle.filter((other) => other !== idle);
    return makeReady(idle.isolate) ? idle.isolate : this.take(session);
  }

  /** Lets threads prepare what the session has: this thread is busy with other programs of it. */
  prepareAside(session: symbol): void {
    for (const idle of this.#idle) {
      if (idle.session !== session || idle.isolate.state !== 'used') continue;
      const prepared = this.#prepareByThread(idle);
      this.#preparing.add(prepared);
      void prepared.then(() => this.#preparing.delete(prepared));
    }
  }

  /**
   * Prepares the context that is needed next, one turn later: the session's next program may be on its
   * way. When there is time, prepares the others and disposes excess isolates.
   */
  settleSoon(): void {
    clearTimeout(this.#settleTimer);
    clearImmediate(this.#prepareTurn);
    const latest = this.#idle.at(-1);
    if (latest === undefined) return;
    if (latest.isolate.state === 'used')
      this.#prepareTurn = setImmediate(() => this.#prepare(latest));
    this.#settleTimer = setTimeout(() => this.#settle(), SETTLE_MS).unref();
  }

  /** The session runs nothing any more: its isolates are disposed unless it soon runs something again. */
  release(session: symbol): void {
    this.#keep(session);
    if (!this.#idle.some((idle) => idle.session === session)) return;
    const timer = startTimer(() => this.forget(session), RELEASED_MS);
    timer?.unref();
    this.#released.set(session, timer);
  }

  /** Disposes the isolates of a session. */
  forget(session: symbol): void {
    this.#keep(session);
    this.#retain((idle) => idle.session !== session);
  }

  /** Disposes all. Resolves when no thread is inside one any more. */
  async close(): Promise<void> {
    clearTimeout(this.#settleTimer);
    clearImmediate(this.#prepareTurn);
    for (const session of [...this.#released.keys()]) this.#keep(session);
    this.#retain(() => false);
    await Promise.all(this.#preparing);
  }

  #lastOf(session: symbol, state: ProgramIsolate['state']): IdleIsolate | undefined {
    return this.#idle.findLast((idle) => idle.session === session && idle.isolate.state === state);
  }

  #keep(session: symbol): void {
    clearTimeout(this.#released.get(session));
    this.#released.delete(session);
  }

  /** One context at a time, so that others have their turn. */
  #settle(): void {
    const kept = toKeep(this.#idle, this.#limits);
    this.#retain((idle) => kept.has(idle));
    const next = this.#idle.find(({ isolate }) => isolate.state === 'used');
    if (next === undefined) return;
    this.#prepare(next);
    this.settleSoon();
  }

  #prepare(wanted: IdleIsolate): void {
    if (!this.#idle.includes(wanted) || makeReady(wanted.isolate)) return;
    this.#retain((idle) => idle !== wanted);
  }

  async #prepareByThread(wanted: IdleIsolate): Promise<void> {
    try {
      await wanted.isolate.prepare();
    } catch {
      this.#retain((idle) => idle !== wanted);
    }
  }

  #retain(isKept: (idle: IdleIsolate) => boolean): void {
    for (const idle of this.#idle) if (!isKept(idle)) idle.isolate.dispose();
    this.#idle = this.#idle.filter(isKept);
  }
}

/** @returns What it uses afterwards, in bytes; infinity if V8 has disposed it. */
function release(isolate: ProgramIsolate): number {
  try {
    return isolate.releaseContext();
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function makeReady(isolate: ProgramIsolate): boolean {
  try {
    isolate.makeReady();
    return true;
  } catch {
    isolate.dispose();
    return false;
  }
}
