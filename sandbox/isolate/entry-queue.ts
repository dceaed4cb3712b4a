import { Fifo } from '../../src/collections/fifo.ts';
import type { Doorway } from './doorway.ts';
import type { Turn } from './session-turns.ts';

/**
 * One visit to an isolate, which ends when the program is quiet.
 *
 * @param direct Whether this thread makes it. If so, it is over when the function returns.
 * @throws What the program left unhandled.
 */
export type Entry = (direct: boolean) => Promise<void> | void;

/** The program whose isolate is entered. */
export interface EntryOwner {
  /**
   * Whether this thread may enter. Not if the program left something that a thread of the isolate may
   * run at any time: this thread would wait for its end.
   */
  mayBeDirect(): boolean;
  /** An entry has failed. Nobody is inside any more once `left` is called. */
  failed(error: unknown): void;
  /** An entry is over, well or not. */
  left(): void;
  /** Called after an entry if no other waits: the program is quiet. */
  idle(): void;
}

/**
 * The queue through which every entry into an isolate goes, in order.
 *
 * While it is held, nothing enters and so nothing in the isolate runs: once its microtasks are done,
 * a program cannot run by itself. An entry also waits for its program's turn.
 */
export class EntryQueue {
  readonly #turn: Turn;
  readonly #door: Doorway;
  readonly #owner: EntryOwner;
  readonly #waiting = new Fifo<Entry>();
  #isRunning = false;
  #isHeld = false;
  #inside: 'nobody' | 'thread' | 'this thread' = 'nobody';

  constructor(turn: Turn, door: Doorway, owner: EntryOwner) {
    this.#turn = turn;
    this.#door = door;
    this.#owner = owner;
  }

  /** Who is inside the isolate. */
  get inside(): 'nobody' | 'thread' | 'this thread' {
    return this.#inside;
  }

  /** Makes an entry when all earlier ones are done and it is the program's turn. */
  enter(entry: Entry): void {
    this.#waiting.push(entry);
    // This thread has to return before it comes back: it may be reading what else there is to deliver.
    if (this.#isDirect) queueMicrotask(() => this.#next());
    else this.#next();
  }

  get #isDirect(): boolean {
    return this.#door.isDirect && this.#owner.mayBeDirect();
  }

  /** Whether no entry is running or waiting. */
  get idle(): boolean {
    return !this.#isRunning && this.#waiting.size === 0;
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#next();
  }

  /** Drops the entries that wait: the program has ended, and others may have its turn. */
  close(): void {
    this.#waiting.clear();
    this.#turn.close();
  }

  #next(): void {
    if (this.#isRunning || this.#isHeld) return;
    const entry = this.#waiting.shift();
    if (entry === undefined) return;
    this.#isRunning = true;
    const turn = this.#turn.take();
    if (turn === null) this.#begin(entry);
    else void turn.then((mayRun) => (mayRun ? this.#begin(entry) : this.#end()));
  }

  #begin(entry: Entry): void {
    if (!this.#isDirect) return void this.#enterByThread(entry);
    this.#door.pass(() => this.#enterDirectly(entry));
    this.#end();
  }

  async #enterByThread(entry: Entry): Promise<void> {
    this.#inside = 'thread';
    try {
      await entry(false);
    } catch (error) {
      this.#owner.failed(error);
    }
    this.#leave();
    this.#end();
  }

  #enterDirectly(entry: Entry): void {
    this.#inside = 'this thread';
    try {
      void entry(true);
    } catch (error) {
      this.#owner.failed(error);
    }
    this.#leave();
  }

  #leave(): void {
    this.#inside = 'nobody';
    this.#owner.left();
  }

  #end(): void {
    this.#turn.leave();
    this.#isRunning = false;
    if (this.#waiting.size > 0) this.#next();
    else this.#owner.idle();
  }
}
