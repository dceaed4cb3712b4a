import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { signalGroup } from '../io/signal-group.ts';
import { type PipedProcess, spawnPiped } from '../io/spawn-piped.ts';

/** What an agent is given to end by itself, and then to end on SIGTERM, in milliseconds. */
const PATIENCE_MS = 2000;
/** How long what a dead agent wrote may be read, in milliseconds. */
const LAST_WORDS_MS = 1000;

/** The exit codes of signals begin above this. */
const SIGNALLED = 128;

/** How an agent ended. */
export interface AgentEnd {
  /** The exit code; for a signal 128 and its number; undefined if it could not be started. */
  readonly exitCode: number | undefined;
  /** A clause about it, such as `exited with code 3`. */
  readonly cause: string;
  /** Whether it ended because we sent it a signal. */
  readonly isStopped: boolean;
}

/** An agent, in a process group of its own. */
export class AgentProcess {
  readonly #child: PipedProcess;
  readonly #ended = Promise.withResolvers<AgentEnd>();
  #end: AgentEnd | undefined;
  #timers: NodeJS.Timeout[] = [];
  #isStopping = false;
  #isSignalled = false;

  /**
   * Starts it, with our environment and in our folder.
   *
   * @param stderr Gets what it writes to standard error, as it is.
   * @throws What the system says if it refuses the command as such.
   */
  constructor(command: string, args: readonly string[], stderr: Writable) {
    this.#child = spawnPiped(command, args, {
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#child.stderr.pipe(stderr, { end: false });
    this.#child.on('error', (error) => this.#fail(command, error));
    this.#child.on('exit', (code, signal) => this.#exited(code, signal));
    this.#child.on('close', () => this.#finish());
  }

  get stdin(): Writable {
    return this.#child.stdin;
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  /** Undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when it is gone and all that it wrote was read. */
  get ended(): Promise<AgentEnd> {
    return this.#ended.promise;
  }

  /** Waits 2 s for its end, asks its group to terminate, and kills the group after 2 s more. */
  stop(): Promise<AgentEnd> {
    if (!this.#isStopping && this.#end === undefined) {
      this.#isStopping = true;
      this.#after(PATIENCE_MS, () => this.#askToEnd());
      this.#after(2 * PATIENCE_MS, () => signalGroup(this.#child, 'SIGKILL'));
    }
    return this.#ended.promise;
  }

  /** Kills its group at once. */
  kill(): Promise<AgentEnd> {
    signalGroup(this.#child, 'SIGKILL');
    return this.#ended.promise;
  }

  #askToEnd(): void {
    this.#isSignalled = true;
    signalGroup(this.#child, 'SIGTERM');
  }

  #fail(command: string, error: Error): void {
    const isMissing = 'code' in error && error.code === 'ENOENT';
    const cause = `could not be started: ${isMissing ? `command not found: ${command}` : error.message}`;
    this.#end ??= { exitCode: undefined, cause, isStopped: false };
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const isStopped = this.#isSignalled;
    this.#end ??=
      signal === null
        ? { exitCode: code ?? 1, cause: `exited with code ${code}`, isStopped }
        : {
            exitCode: SIGNALLED + constants.signals[signal],
            cause: `was ended by ${signal}`,
            isStopped,
          };
    this.#clear();
    // Whoever is left of its group would keep its output open.
    signalGroup(this.#child, 'SIGKILL');
    this.#after(LAST_WORDS_MS, () => {
      this.#child.stdout.destroy();
      this.#child.stderr.destroy();
    });
  }

  #finish(): void {
    this.#clear();
    this.#ended.resolve(this.#end ?? { exitCode: 1, cause: 'closed its output', isStopped: false });
  }

  #after(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms));
  }

  #clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
