import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CellFailure } from '../../src/events.ts';
import type { Program, ProgramCalls, ProgramTool } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import { type Frame, FrameReader, FrameWriter } from './frames.ts';
import type { ProcessLimits } from './limits.ts';
import { Down, Up } from './message-kinds.ts';
import { ProcessRun } from './process-run.ts';

const PAGE_BYTES = 4_096;
const STDERR_LENGTH = 4_096;
const LAST_WORDS_MS = 50;
const VALUES_PER_FRAME = 64;
/** The line in which V8 or Node.js says why it ends. */
const FATAL = /^(?:# )?(Fatal (?!error with).*|FATAL ERROR:.*|\w*Error:.*)$/m;

/** How an engine process is started. */
export interface EngineOptions {
  readonly nodePath: string;
  readonly sandboxLimits: SandboxLimits;
  readonly limits: ProcessLimits;
  /** Called once, when the process is gone. */
  readonly onGone: (engine: EngineProcess) => void;
  /** Called when nothing runs in it any more. */
  readonly onIdle: (engine: EngineProcess) => void;
}

interface KnownSession {
  readonly id: number;
  values: ReadonlyMap<string, string>;
}

/** A sandbox process, from the host's side: starts programs in it and notices its end. */
export class EngineProcess {
  readonly #options: EngineOptions;
  readonly #child: ChildProcess;
  readonly #pipe: Socket;
  readonly #writer: FrameWriter;
  readonly #runs = new Map<number, ProcessRun>();
  /** Programs that were killed and may still be running. */
  readonly #stopping = new Map<number, NodeJS.Timeout>();
  readonly #sessions = new Map<symbol, KnownSession>();
  #programs = 0;
  #lastSession = 0;
  #toolsJson = '[]';
  #toolsSent: readonly ProgramTool[] | null = null;
  #stderr = '';
  #ending: CellFailure | null = null;
  #gone = false;
  #heardMs = performance.now();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#child = spawn(options.nodePath, engineArguments(), {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: { TZ: 'UTC', LANG: 'C.UTF-8' },
      cwd: '/',
    });
    this.#pipe = this.#child.stdio[3] as Socket;
    this.#writer = new FrameWriter((chunk) => void this.#pipe.write(chunk));
    this.#writer.send(Down.Limits, 0, 0, 0, JSON.stringify(options.sandboxLimits));
    this.#writer.flush();
    this.#listen();
    this.#ref(false);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get gone(): boolean {
    return this.#gone || this.#ending !== null;
  }

  /** Programs that run or may still be running. */
  get load(): number {
    return this.#runs.size + this.#stopping.size;
  }

  /** Programs started in it so far. */
  get programs(): number {
    return this.#programs;
  }

  knows(session: symbol): boolean {
    return this.#sessions.has(session);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Memory it uses, in bytes; 0 where that cannot be told. */
  get usedBytes(): number {
    try {
      const pages = readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1];
      return Number(pages) * PAGE_BYTES;
    } catch {
      return 0;
    }
  }

  /** How long it has given no sign of life, in milliseconds. Asks for one. */
  silentMs(): number {
    this.#writer.send(Down.Ping, 0, 0, 0);
    return performance.now() - this.#heardMs;
  }

  start(program: Program, calls: ProgramCalls, session: symbol): ProcessRun {
    if (this.load === 0) this.#heardMs = performance.now();
    this.#programs += 1;
    const id = this.#programs;
    const send = (kind: number, run: number, a = 0, b = 0, text?: string) =>
      text === undefined
        ? this.#writer.send(kind, run, a, b)
        : this.#writer.send(kind, run, a, b, text);
    const run = new ProcessRun(id, calls, send, (killed) => this.#over(id, killed));
    this.#runs.set(id, run);
    this.#ref(true);
    this.#sendTools(program.tools);
    const sessionId = this.#sendValues(session, program.values);
    const { toolErrors, console, hold } = program;
    const options = JSON.stringify({ toolErrors, console, hold });
    this.#writer.send(Down.Start, id, sessionId, 0, program.source, options);
    return run;
  }

  /** Forgets a session's stored values. */
  endSession(session: symbol): void {
    const known = this.#sessions.get(session);
    if (known === undefined) return;
    this.#sessions.delete(session);
    this.#writer.send(Down.EndSession, 0, known.id, 0);
  }

  /** Forgets all sessions but this one. */
  dedicate(session: symbol): void {
    for (const other of this.#sessions.keys()) if (other !== session) this.endSession(other);
  }

  /** Ends the process at once. Its programs end with this failure. */
  end(failure: CellFailure): void {
    if (this.gone) return;
    this.#ending = failure;
    this.#child.kill('SIGKILL');
    this.#loseAll(failure);
  }

  /** Ends the process, and keeps this one alive until it is gone. */
  close(): void {
    this.#child.ref();
    this.end(lost('was ended because its sandbox was closed'));
  }

  #listen(): void {
    const reader = new FrameReader();
    this.#pipe.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(frame);
      } catch (error) {
        this.end(lost(`sent what is no message: ${String(error)}`));
      }
    });
    this.#pipe.on('error', () => {});
    this.#child.on('error', (error) => this.#exited(`could not be started: ${error.message}`));
    this.#child.on('exit', (code, signal) => {
      const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
      // What it said last may still be in its pipe.
      const told = setTimeout(() => this.#exited(how), LAST_WORDS_MS);
      this.#child.on('close', () => {
        clearTimeout(told);
        this.#exited(how);
      });
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_LENGTH);
    });
  }

  #receive(frame: Frame): void {
    this.#heardMs = performance.now();
    if (frame.kind === Up.Pong) return;
    if (frame.kind === Up.Gone) {
      clearTimeout(this.#stopping.get(frame.run));
      if (this.#stopping.delete(frame.run)) this.#checkIdle();
      return;
    }
    this.#runs.get(frame.run)?.receive(frame);
  }

  #over(id: number, killed: boolean): void {
    this.#runs.delete(id);
    if (killed && !this.gone) {
      const late = () => this.end(lost('was ended because a program in it did not stop'));
      this.#stopping.set(id, setTimeout(late, this.#options.limits.stopMs));
    }
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.load > 0 || this.gone) return;
    this.#ref(false);
    this.#options.onIdle(this);
  }

  #exited(how: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#loseAll(this.#ending ?? this.#explain(how));
    this.#options.onGone(this);
  }

  #loseAll(failure: CellFailure): void {
    for (const timer of this.#stopping.values()) clearTimeout(timer);
    this.#stopping.clear();
    for (const run of [...this.#runs.values()]) run.lose(failure);
  }

  /** V8 says on standard error what it could not go on with. */
  #explain(how: string): CellFailure {
    const fatal = FATAL.exec(this.#stderr)?.[1]?.slice(0, 200);
    const { kind, text } = lost(fatal === undefined ? how : `${how} (${fatal})`);
    return { kind: /memory|invalid.*size/i.test(fatal ?? '') ? 'memory' : kind, text };
  }

  #sendTools(tools: readonly ProgramTool[]): void {
    if (tools === this.#toolsSent) return;
    this.#toolsSent = tools;
    const json = JSON.stringify(tools);
    if (json === this.#toolsJson) return;
    this.#toolsJson = json;
    this.#writer.send(Down.Tools, 0, 0, 0, json);
  }

  /** Sends what changed since this process was last told of the session's values. */
  #sendValues(session: symbol, values: ReadonlyMap<string, string>): number {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      this.#lastSession += 1;
      known = { id: this.#lastSession, values: new Map() };
      this.#sessions.set(session, known);
    }
    if (known.values === values) return known.id;
    const changed: string[] = [];
    for (const [key, json] of values) {
      if (known.values.get(key) !== json) changed.push(key, json);
    }
    for (let at = 0; at < changed.length; at += 2 * VALUES_PER_FRAME) {
      const part = changed.slice(at, at + 2 * VALUES_PER_FRAME);
      this.#writer.send(Down.Values, 0, known.id, 0, ...part);
    }
    known.values = values;
    return known.id;
  }

  /** A process without work must not keep its host from ending. */
  #ref(busy: boolean): void {
    const method = busy ? 'ref' : 'unref';
    this.#child[method]();
    this.#pipe[method]();
    (this.#child.stderr as Socket | null)?.[method]();
  }
}

/** A failure of a program whose process is gone. */
export function lost(how: string): CellFailure {
  return { kind: 'lost', text: `exec runtime ended unexpectedly: its sandbox process ${how}` };
}

function engineArguments(): string[] {
  const entry = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url),
  );
  const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
  const modules = dirname(dirname(createRequire(import.meta.url).resolve('isolated-vm')));
  return [
    '--permission',
    '--allow-addons',
    `--allow-fs-read=${packageRoot}`,
    `--allow-fs-read=${modules}`,
    // What isolated-vm's loader asks for to tell one C library from another.
    '--allow-fs-read=/etc/alpine-release',
    '--max-old-space-size=512',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    entry,
  ];
}
