import type { Doorway } from '../isolate/doorway.ts';
import type { ChildPipe } from './child-pipe.ts';
import type { InsideWatch } from './inside-watch.ts';

/** What a door of a sandbox process belongs to. */
export interface DirectDoorParts {
  readonly pipe: Pick<ChildPipe, 'read' | 'rest' | 'unsentBytes' | 'mayBlock'>;
  readonly watch: Pick<InsideWatch, 'ready' | 'enter' | 'leave'>;
  /** Whether the system ends this process with its host: then this thread may be inside before `watch` is ready. */
  readonly endsWithHost: boolean;
  /** How many programs live in this process. */
  readonly programs: () => number;
  /** Writes what was gathered for the host. */
  readonly flush: () => void;
  /** Tells the host that this thread enters no isolate any more. */
  readonly onShared: () => void;
}

/**
 * In a sandbox process: the way into its isolates. A program that its host has promised to leave alone
 * is entered by the main thread, which saves two changes of threads. All others are entered by threads.
 *
 * While the main thread is inside, this process hears its host only where the program sends much.
 */
export class DirectDoor implements Doorway {
  readonly #parts: DirectDoorParts;
  #isAlone = false;
  #isInside = false;
  #isAskedToShare = false;

  constructor(parts: DirectDoorParts) {
    this.#parts = parts;
  }

  /** Whether the main thread is inside. */
  get isInside(): boolean {
    return this.#isInside;
  }

  get isDirect(): boolean {
    const { pipe, watch, endsWithHost, programs } = this.#parts;
    const isSafe = endsWithHost || watch.ready;
    return this.#isAlone && isSafe && pipe.unsentBytes === 0 && programs() === 1;
  }

  /** The host starts no other program here until it has been told that this thread is not inside. */
  leftAlone(): void {
    this.#isAlone = true;
  }

  /** The host wants to start another program here. */
  share(): void {
    this.#isAlone = false;
    this.#isAskedToShare = true;
    if (!this.#isInside) this.#answer();
  }

  said(): void {
    this.#parts.flush();
  }

  pass(entry: () => void): void {
    const { pipe, watch, flush } = this.#parts;
    flush();
    this.#isInside = true;
    pipe.mayBlock = true;
    watch.enter();
    entry();
    watch.leave();
    flush();
    pipe.mayBlock = false;
    this.#isInside = false;
    if (this.#isAskedToShare) this.#answer();
  }

  listen(isPaused: () => boolean): void {
    const { pipe } = this.#parts;
    pipe.read();
    while (isPaused()) {
      pipe.rest();
      pipe.read();
    }
  }

  #answer(): void {
    this.#isAskedToShare = false;
    this.#parts.onShared();
  }
}
