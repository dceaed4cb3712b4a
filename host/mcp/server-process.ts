import { statSync } from 'node:fs';
import { signalGroup } from '../io/signal-group.ts';
import { type PipedProcess, spawnPiped } from '../io/spawn-piped.ts';
import { TextTail } from '../io/text-tail.ts';
import { LineSplitter } from './line-splitter.ts';

const MAX_LINE_BYTES = 64 * 1024 * 1024;
const STDERR_TAIL_LENGTH = 4096;
const KILL_AFTER_MS = 1000;

/** What to start, and how. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Default: ours. */
  readonly cwd: string | undefined;
}

/** Who hears what the process writes. */
export interface ServerOutput {
  /** One line of standard output, without its end. */
  line(text: string): void;
  /** A piece of standard error, as it came. */
  stderr(text: string): void;
}

/**
 * A process that is spoken to in lines.
 *
 * Where the system has process groups it leads one of its own: a Ctrl-C on the terminal does not
 * reach it, and what it started ends with it.
 */
export class ServerProcess implements AsyncDisposable {
  static readonly #live = new Set<ServerProcess>();

  readonly #child: PipedProcess;
  readonly #stderrTail = new TextTail(STDERR_TAIL_LENGTH);
  readonly #ended = Promise.withResolvers<string>();
  #cause: string | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #isClosing = false;
  #isGathering = false;

  /** @throws What the system says where it refuses the command as such. */
  constructor(what: ServerCommand, output: ServerOutput) {
    this.#child = spawnPiped(what.command, what.args, {
      env: what.env,
      cwd: what.cwd,
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    if (ServerProcess.#live.size === 0) process.on('exit', ServerProcess.#killAll);
    ServerProcess.#live.add(this);
    this.#readLines(output);
    this.#readStderr(output);
    this.#child.on('error', (error) => this.#fail(startProblem(error, what)));
    this.#child.on('exit', (code, signal) => this.#exited(code, signal));
    this.#child.on('close', () => this.#finish());
  }

  /** Settles when the process is gone and all it wrote is read; tells why, such as `exited with code 3`. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** The last 4 KiB of its standard error. */
  get stderrTail(): string {
    return this.#stderrTail.toString();
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Writes one line, together with all others of this turn: each write wakes the process up. Resolves
   * when the next may be written; what a dead process misses is lost.
   */
  send(line: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gather();
    this.#child.stdin.write(`${line}\n`, () => resolve());
    return promise;
  }

  /** Ends standard input and asks to terminate, kills after a second. Resolves when all is over. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#child.stdin.end();
      signalGroup(this.#child, 'SIGTERM');
      this.#killLater();
    }
    await this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const { stdin } = this.#child;
    stdin.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      stdin.uncork();
    });
  }

  #readLines(output: ServerOutput): void {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    this.#child.stdout.on('data', (chunk: Buffer) => {
      try {
        for (const line of splitter.push(chunk)) output.line(line);
      } catch {
        this.#fail(`sent a message of more than ${MAX_LINE_BYTES / 1024 / 1024} MiB`);
        this.#kill();
      }
    });
  }

  #readStderr(output: ServerOutput): void {
    this.#child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      this.#stderrTail.push(piece);
      output.stderr(piece);
    });
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#fail(signal === null ? `exited with code ${code}` : `was ended by ${signal}`);
    if (this.#isClosing) return;
    // Children of a dead server would keep its pipes open, and us from noticing.
    signalGroup(this.#child, 'SIGKILL');
    this.#killLater();
  }

  #fail(cause: string): void {
    this.#cause ??= cause;
  }

  #finish(): void {
    clearTimeout(this.#killTimer);
    signalGroup(this.#child, 'SIGKILL');
    ServerProcess.#live.delete(this);
    if (ServerProcess.#live.size === 0) process.off('exit', ServerProcess.#killAll);
    this.#ended.resolve(this.#cause ?? 'closed its output');
  }

  #killLater(): void {
    this.#killTimer ??= setTimeout(() => this.#kill(), KILL_AFTER_MS);
  }

  #kill(): void {
    signalGroup(this.#child, 'SIGKILL');
    // Whoever left the group may hold the other ends: without this, `close` would not come.
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  static readonly #killAll = (): void => {
    for (const server of ServerProcess.#live) signalGroup(server.#child, 'SIGKILL');
  };
}

function startProblem(error: Error, { command, cwd }: ServerCommand): string {
  switch ('code' in error ? error.code : undefined) {
    case 'ENOENT':
      if (cwd !== undefined && !isDirectory(cwd)) return `could not start in ${cwd}: no directory`;
      return `could not start: command not found: ${command}`;
    case 'EACCES':
      return `could not start: permission denied: ${command}`;
  }
  return `could not start: ${error.message}`;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
