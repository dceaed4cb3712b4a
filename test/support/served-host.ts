import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { settled } from './gates.ts';
import { isAlive, untilStopped } from './processes.ts';

const BIN = fileURLToPath(new URL('../../bin/codex-code-mode-host.js', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', BIN];

/** How to start a host process. */
export interface ServedHostOptions {
  /** Default: a Unix socket in a new folder. */
  readonly listen?: string;
  readonly logLevel?: string;
  /** More arguments. */
  readonly args?: readonly string[];
  /** Its maximum number of descriptors. Default: as many as this process. */
  readonly descriptors?: number;
}

/** How a host process ended. */
export interface HostExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything it wrote to standard error. */
  readonly words: string;
}

/** A listening host process, for tests that break its connections. */
export class ServedHost implements AsyncDisposable {
  readonly url: string;
  readonly exit: Promise<HostExit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #folder: string;
  readonly #words: string[];
  #freezes = 0;

  private constructor(
    url: string,
    child: ChildProcessByStdio<null, Readable, Readable>,
    folder: string,
    words: string[],
    exit: Promise<HostExit>,
  ) {
    this.url = url;
    this.exit = exit;
    this.#child = child;
    this.#folder = folder;
    this.#words = words;
  }

  /** Resolves when it is listening. */
  static async start(options: ServedHostOptions = {}): Promise<ServedHost> {
    const folder = mkdtempSync(join(tmpdir(), 'cellhost-served-'));
    const { listen = `unix:${join(folder, 's')}`, logLevel = 'silent', descriptors } = options;
    const flags = ['--listen', listen, '--log-level', logLevel, ...(options.args ?? [])];
    const own = [process.execPath, ...FLAGS, ...flags];
    const command = descriptors === undefined ? own : withDescriptors(descriptors, own);
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    const words: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
    const exit = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      words: words.join(''),
    }));
    const line = once(child.stdout.setEncoding('utf8'), 'data').then(([text]) =>
      String(text).trim(),
    );
    const url = await Promise.race([line, exit.then((end) => Promise.reject(notServing(end)))]);
    return new ServedHost(url, child, folder, words, exit);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isAlive(): boolean {
    return isAlive(this.pid);
  }

  /** What it has written to standard error so far. */
  get words(): string {
    return this.#words.join('');
  }

  /** An unused socket to it. Errors of the socket are ignored. */
  async socket(): Promise<Socket> {
    const socket = this.url.startsWith('unix:')
      ? connectSocket({ path: this.url.slice('unix:'.length), allowHalfOpen: true })
      : connectSocket({ ...addressIn(this.url), allowHalfOpen: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  /** Closes the reading end of its standard error. */
  closeLog(): void {
    this.#child.stderr.destroy();
  }

  /** Suspends the process until `continue`. */
  async stop(): Promise<void> {
    this.#child.kill('SIGSTOP');
    await untilStopped(this.pid);
  }

  continue(): void {
    this.#child.kill('SIGCONT');
  }

  /** Suspends the process for this many turns of ours; it continues after the last such call. */
  async freeze(turns: number): Promise<void> {
    this.#freezes += 1;
    try {
      await this.stop();
      for (let turn = 0; turn < turns; turn += 1) await settled();
    } finally {
      this.#freezes -= 1;
      if (this.#freezes === 0) this.continue();
    }
  }

  /** Resolves when it has logged the end of all its connections and sessions. Needs the log level `info`. */
  async emptied(): Promise<void> {
    while (connectionsIn(this.words) > 0) await once(this.#child.stderr, 'data');
  }

  /** Asks it to exit, and waits for that. */
  async end(): Promise<HostExit> {
    this.#child.kill('SIGTERM');
    return await this.exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A command that runs another one with this many descriptors. */
export function withDescriptors(count: number, command: readonly string[]): readonly string[] {
  return ['sh', '-c', 'ulimit -n "$0" && exec "$@"', String(count), ...command];
}

function connectionsIn(log: string): number {
  const count = (message: string) => log.split(`"msg":"${message}"`).length - 1;
  return count('client connected') - count('client gone') - count('connection failed');
}

function addressIn(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url.replace(/^tcp:/, 'ws://'));
  return { host: hostname, port: Number(port) };
}

function notServing({ code, signal, words }: HostExit): Error {
  return new Error(`The host did not listen: it ended with ${code ?? signal}: ${words}`);
}
