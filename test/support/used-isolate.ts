import assert from 'node:assert/strict';
import { type IsolateSandbox, isolateSandbox } from '../../sandbox/index.ts';
import type { SandboxLimits } from '../../sandbox/limits.ts';
import type { SessionRuntime } from '../../src/index.ts';
import {
  type CellSetup,
  type FinishedCell,
  finishCell,
  recordedSession,
  textsOf,
} from './finished-cell.ts';

/** A session whose programs run one after another, so that all of them may run in one isolate. */
export class UsedIsolate implements AsyncDisposable {
  readonly sandbox: IsolateSandbox;
  readonly #session: SessionRuntime;
  readonly #calls: FinishedCell['calls'];
  readonly #notifications: readonly string[];

  constructor(limits: Partial<SandboxLimits> = {}, setup: CellSetup = {}) {
    this.sandbox = isolateSandbox({ reserve: 0, limits });
    const { session, calls, notifications } = recordedSession(this.sandbox, setup);
    this.#session = session;
    this.#calls = calls;
    this.#notifications = notifications;
  }

  get session(): SessionRuntime {
    return this.#session;
  }

  /** Whether the isolate of the last program waits for the next one. */
  get isKept(): boolean {
    return this.sandbox.kept > 0;
  }

  /** Runs a cell to its end, and returns what it alone did. */
  async run(source: string): Promise<FinishedCell> {
    const [calls, notifications] = [this.#calls.length, this.#notifications.length];
    const { items, failure, notes } = await finishCell(this.#session, source);
    const [texts, called] = [textsOf(items), this.#calls.slice(calls)];
    return {
      texts,
      items,
      failure,
      notes,
      calls: called,
      notifications: this.#notifications.slice(notifications),
    };
  }

  /** The same, in the isolate that the program before has left. */
  async runAgain(source: string): Promise<FinishedCell> {
    assert.equal(this.sandbox.kept, 1, 'no isolate was kept');
    return await this.run(source);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
    await this.sandbox.close();
  }
}
