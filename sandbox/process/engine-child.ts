import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { type ChildStart, spawnEngine } from './early-spawn.ts';
import { LastWords } from './last-words.ts';
import { ReadAhead, type RoomyReader, WHOLE_READ_BYTES } from './read-ahead.ts';

/** How long to wait for the last output of a process that has exited, in milliseconds. */
const LAST_WORDS_MS = 50;
/** While a process leaves so many bytes unread, its messages are not read. */
const MUCH_UNREAD_BYTES = 16 << 20;
/** How long a process may run without its pipe, in milliseconds. */
const PIPELESS_MS = 500;

/** What the operating system reports about a sandbox process. Never called synchronously. */
export interface ChildEvents {
  /** Gets the bytes from its pipe. */
  readonly reader: RoomyReader & { push(chunk: Buffer): void };
  /** It has read everything after its pipe was full. */
  readonly onDrain: () => void;
  /** It closed its pipe but still runs. */
  readonly onMute: () => void;
  /** Called once: it has exited, or could not be started. */
  readonly onExit: (how: string) => void;
}

/**
 * The operating system's side of a sandbox process: starts it, and carries bytes to and from it.
 *
 * Does not throw. A process that cannot be started counts as one that has exited, which is reported
 * later, like every other exit.
 */
export class EngineChild {
  readonly #onExit: ChildEvents['onExit'];
  readonly #child: ChildProcess | null;
  readonly #pipe: Socket | null;
  readonly #stderr: Socket | null;
  readonly #lastWords: LastWords;
  #patience: NodeJS.Timeout | undefined;
  #isOver = false;
  #traffic = 0;

  constructor(start: ChildStart, events: ChildEvents) {
    this.#onExit = events.onExit;
    this.#child = this.#start(start);
    this.#pipe = this.#streamAt(3);
    this.#stderr = this.#streamAt(2);
    this.#lastWords = new LastWords(this.#stderr);
    if (this.#child === null) return;
    if (this.#pipe === null) this.#refuse(new Error('it has no pipe'));
    this.#watch(this.#child);
    // A process keeps ours alive by itself: see `ref`.
    this.#pipe?.unref();
    this.#stderr?.unref();
    if (this.#pipe !== null) this.#read(this.#pipe, events.reader);
    this.#pipe?.on('drain', events.onDrain);
    this.#pipe?.on('close', () => this.#watchMute(events.onMute));
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Chunks carried so far, in both directions; what was read ahead counts as whole reads. */
  get traffic(): number {
    return this.#traffic;
  }

  /** Bytes that were sent to it and not read yet. */
  get unreadBytes(): number {
    return this.#pipe?.writableLength ?? 0;
  }

  /** The end of its standard error. */
  get lastWords(): LastWords {
    return this.#lastWords;
  }

  /**
   * Sends bytes. They are lost if the pipe is closed. While the process leaves many bytes unread, its
   * messages are not read.
   *
   * @returns How many bytes it has left unread.
   */
  write(chunk: Buffer): number {
    const pipe = this.#pipe;
    if (pipe?.writable !== true) return 0;
    this.#traffic += 1;
    pipe.write(chunk);
    if (pipe.writableLength > MUCH_UNREAD_BYTES && !pipe.isPaused()) {
      pipe.pause();
      pipe.once('drain', () => pipe.resume());
    }
    return pipe.writableLength;
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Sets whether it keeps its host's process alive. */
  ref(isRef: boolean): void {
    this.#child?.[isRef ? 'ref' : 'unref']();
  }

  #read(pipe: Socket, reader: ChildEvents['reader']): void {
    const ahead = new ReadAhead(pipe, reader);
    pipe.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      this.#traffic += 1 + ahead.read(chunk) / WHOLE_READ_BYTES;
    });
  }

  #start(start: ChildStart): ChildProcess | null {
    try {
      const child = spawnEngine(start);
      child.on('error', (error) => this.#over(couldNotStart(error)));
      return child;
    } catch (error) {
      this.#refuse(error);
      return null;
    }
  }

  /** Waits a turn, because an error event of the process itself says more. */
  #refuse(error: unknown): void {
    setImmediate(() => {
      this.kill();
      this.#over(couldNotStart(error));
    });
  }

  /** With no descriptors left, Node.js returns a process without any streams. */
  #streamAt(index: number): Socket | null {
    const stream = (this.#child?.stdio?.[index] ?? null) as Socket | null;
    stream?.on('error', () => {});
    return stream;
  }

  #watch(child: ChildProcess): void {
    child.on('exit', (code, signal) => {
      const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
      // Its last output may still be in the pipe. That is read before an immediate runs, but not before a timer fires.
      const told = setTimeout(() => setImmediate(() => this.#over(how)), LAST_WORDS_MS);
      child.on('close', () => {
        clearTimeout(told);
        this.#over(how);
      });
    });
  }

  #watchMute(onMute: () => void): void {
    if (this.#isOver) return;
    const tell = () => {
      if (!this.#isOver) onMute();
    };
    this.#patience = setTimeout(() => setImmediate(tell), PIPELESS_MS).unref();
  }

  #over(how: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#patience);
    this.#pipe?.destroy();
    this.#stderr?.destroy();
    this.#onExit(how);
  }
}

/** Some messages of Node.js do not contain the error's code. */
function couldNotStart(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const cause = code === undefined || message.includes(code) ? message : `${code}: ${message}`;
  return `could not be started: ${cause}`;
}
