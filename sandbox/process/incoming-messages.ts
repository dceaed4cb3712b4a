import type { SandboxLimits } from '../limits.ts';
import { FrameReader } from './frame-reader.ts';
import { type Frame, maxFrameBytes } from './frames.ts';
import type { HeaviestProgram } from './heaviest-program.ts';
import { JsonTexts } from './json-texts.ts';
import { LeftoverMessages } from './leftover-messages.ts';
import { END_BOUNDS, Up } from './message-kinds.ts';
import type { ProcessRun } from './process-run.ts';
import type { Room, RoomyReader } from './read-ahead.ts';
import type { SignsOfLife } from './signs-of-life.ts';
import { readUpMessage } from './up-message.ts';

/** What reading the messages of a sandbox process needs, and what it calls. */
export interface IncomingMessagesParts {
  readonly limits: SandboxLimits;
  readonly signs: SignsOfLife;
  readonly heaviest: HeaviestProgram;
  readonly runOf: (id: number) => ProcessRun | undefined;
  /** Whether a program of this id was ever started. */
  readonly isKnown: (id: number) => boolean;
  /** Whether the process is being ended: its messages are no longer read. */
  readonly isOver: () => boolean;
  /** It answered for the first time. See `Up.Pong`. */
  readonly onReady: (lacksCode: boolean) => void;
  /** The program has started, or waits for others of its session. */
  readonly onStarted: (id: number) => void;
  /** See `Up`. @returns Whether it may say that now. */
  readonly onCompany: (what: 'able' | 'shared') => boolean;
  /** A killed program is gone. */
  readonly onStopped: () => void;
  /** It sent something that no honest process sends at that moment. */
  readonly onInvalid: (why: string) => void;
}

/** Room in the largest frame for what comes with its longest text: the detail of an image, the notes of an end. */
const BESIDE_LENGTH = END_BOUNDS.notes * END_BOUNDS.noteLength + 64;

/**
 * Reads the messages of a sandbox process and checks each against what the process may send now: a
 * program may have taken it over.
 *
 * The first message that is not allowed is the last one read.
 */
export class IncomingMessages implements RoomyReader {
  readonly #parts: IncomingMessagesParts;
  readonly #reader: FrameReader;
  readonly #leftovers: LeftoverMessages;

  constructor(parts: IncomingMessagesParts) {
    this.#parts = parts;
    const { maxValueLength } = parts.limits;
    const longest = Math.max(maxValueLength, END_BOUNDS.failureLength);
    this.#reader = new FrameReader(maxFrameBytes(longest + BESIDE_LENGTH), new JsonTexts());
    this.#leftovers = new LeftoverMessages(maxValueLength);
  }

  push(chunk: Buffer): void {
    this.#take(() => this.#reader.push(chunk));
  }

  get room(): Room | null {
    return this.#parts.isOver() ? null : this.#reader.room;
  }

  filled(bytes: number): void {
    this.#take(() => this.#reader.filled(bytes));
  }

  #take(read: () => readonly Frame[]): void {
    const { isOver, onInvalid } = this.#parts;
    try {
      if (isOver()) return;
      for (const frame of read()) {
        this.#receive(frame);
        if (isOver()) return;
      }
    } catch (error) {
      onInvalid(String(error));
    }
  }

  #receive(frame: Frame): void {
    const { limits, signs, runOf, onStarted, onCompany } = this.#parts;
    const { kind, run: id } = frame;
    if (kind !== Up.Gone && signs.isStopping(id)) {
      return signs.isTold(id) ? this.#leftovers.drop(frame) : undefined;
    }
    const message = readUpMessage(frame, limits.maxValueLength);
    if (message.type === 'pong') return this.#answered(message.lacksCode);
    if (!signs.started) refuse('the process is not ready');
    if (message.type === 'gone') return this.#stopped(id);
    if (message.type === 'heaviest') return this.#named(id);
    if (message.type === 'able' || message.type === 'shared') {
      return onCompany(message.type) ? undefined : refuse(`it may not say ${message.type}`);
    }
    const run = runOf(id) ?? refuse(`program ${id} does not run`);
    run.receive(message);
    if (message.type === 'started' || message.type === 'waits') onStarted(id);
  }

  #answered(lacksCode: boolean): void {
    const { signs, onReady } = this.#parts;
    const isFirst = !signs.started;
    if (!signs.answered()) refuse('there was no question');
    if (isFirst) onReady(lacksCode);
  }

  #stopped(id: number): void {
    const { signs, onStopped } = this.#parts;
    if (!signs.stopped(id)) refuse(`program ${id} was not being stopped`);
    this.#leftovers.forget(id);
    onStopped();
  }

  #named(id: number): void {
    const { heaviest, isKnown } = this.#parts;
    if (!isKnown(id)) refuse(`there never was a program ${id}`);
    if (!heaviest.named(id)) refuse('no program was asked for');
  }
}

function refuse(why: string): never {
  throw new Error(`Cannot accept the message: ${why}`);
}
