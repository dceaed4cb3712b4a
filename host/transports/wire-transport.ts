import { CodeModeError } from '../../src/errors.ts';
import { CLOSE_WITHIN_MS } from '../io/close-within-ms.ts';
import type { MessageBody, Transport, TransportReceiver } from '../wire/transport.ts';
import type { Wire } from './wire.ts';

/** Limits of a transport. */
export interface TransportOptions {
  /** From this many queued bytes on, `drained` makes callers wait. Default: 1 MiB. */
  readonly highWaterBytes?: number;
  /** How long `close`, or a peer that no longer reads, may take before everything is dropped, in milliseconds. Default: 5,000. */
  readonly closeWithinMs?: number;
}

const HIGH_WATER_BYTES = 1 << 20;
/** After this many messages, or this long, other work of this process has its turn. */
const MAX_FRAMES_IN_A_TURN = 256;
const MAX_TURN_MS = 2;

/** The life of a transport, over any wire: reading in portions, ending once, in bounded time. */
export class WireTransport implements Transport {
  readonly peer: string;
  readonly closeWithinMs: number;
  readonly #wire: Wire;
  readonly #highWaterBytes: number;
  readonly #over = Promise.withResolvers<void>();
  readonly #goOn = () => this.#continue();
  #phase: 'open' | 'ending' | 'over' = 'open';
  #receiver: TransportReceiver | null = null;
  #isTold = false;
  /** Why nothing more arrives; null before that. */
  #end: { readonly error: Error | null } | null = null;
  /** Why the peer no longer reads. */
  #deafness: Error | null = null;
  /** Why the transport has ended. */
  #error: Error | null = null;
  /** A message that was read while reading was paused. */
  #held: Buffer | null = null;
  #isPaused = false;
  #isDelivering = false;
  #hasBegun = false;
  #frames = 0;
  #spentMs = 0;
  /** The turn of the event loop in which they were counted. */
  #turn = 0;
  #nextTurn: NodeJS.Immediate | null = null;
  #deadline: NodeJS.Timeout | undefined;
  #room: PromiseWithResolvers<void> | null = null;

  constructor(peer: string, wire: Wire, options: TransportOptions) {
    this.peer = peer;
    this.#wire = wire;
    this.#highWaterBytes = options.highWaterBytes ?? HIGH_WATER_BYTES;
    this.closeWithinMs = options.closeWithinMs ?? CLOSE_WITHIN_MS;
    wire.attach({
      readable: () => this.#deliver(),
      taken: () => this.#taken(),
      ended: (error) => this.#ended(error),
      deaf: (error) => this.#deaf(error),
      finished: (error) => this.#finish(error),
    });
  }

  get queuedBytes(): number {
    return this.#phase === 'over' ? 0 : this.#wire.queuedBytes;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  start(receiver: TransportReceiver): void {
    if (this.#receiver !== null) throw new Error(`Cannot start ${this.peer}: it is started`);
    this.#receiver = receiver;
    if (this.#phase === 'over') return queueMicrotask(() => this.#tell());
    if (this.#phase === 'ending') return;
    // What arrived before, even an end, is reported in a separate turn.
    this.#later();
    this.#wire.open();
    if (this.#isPaused) this.#wire.pause();
  }

  send(body: MessageBody): void {
    if (this.#phase === 'open') this.#wire.send(body);
  }

  drained(): Promise<void> | undefined {
    if (this.#phase !== 'open' || this.#hasRoom()) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (this.#phase === 'open') this.#wire.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase === 'open') this.#later();
  }

  close(): Promise<void> {
    this.#beginEnd();
    return this.#over.promise;
  }

  destroy(error?: Error): void {
    this.#finish(error ?? null);
  }

  #deliver(): void {
    if (this.#isDelivering || !this.#mayDeliver()) return;
    this.#isDelivering = true;
    try {
      // Who greets waits for the answer: not even the clock is loaded before.
      if (!this.#hasBegun) this.#hasBegun = this.#pass();
      if (!this.#hasBegun || !this.#mayDeliver()) return;
      this.#beginTurn();
      let before = performance.now();
      while (this.#mayDeliver() && this.#pass()) {
        const now = performance.now();
        this.#spentMs += now - before;
        before = now;
        this.#frames += 1;
        if (this.#frames >= MAX_FRAMES_IN_A_TURN || this.#spentMs >= MAX_TURN_MS) this.#rest();
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  /** @returns Whether there was a message. */
  #pass(): boolean {
    const body = this.#held ?? this.#take();
    if (body === null) return false;
    this.#held = null;
    this.#receiver?.message(body);
    return true;
  }

  /** What was delivered in earlier turns of the event loop has kept nobody from this one. */
  #beginTurn(): void {
    const { loopCount } = performance.nodeTiming.uvMetricsInfo;
    if (loopCount === this.#turn) return;
    this.#turn = loopCount;
    this.#frames = 0;
    this.#spentMs = 0;
  }

  #mayDeliver(): boolean {
    const isWaiting = this.#isPaused || this.#nextTurn !== null || this.#receiver === null;
    return this.#phase === 'open' && !isWaiting;
  }

  /** The next message. Ends the transport if there is none and none can arrive. */
  #take(): Buffer | null {
    try {
      const body = this.#wire.next();
      if (body === null && this.#end !== null) this.#afterLast(this.#end.error);
      return body;
    } catch (error) {
      this.#unreadable(error instanceof Error ? error : new Error(String(error)));
      return null;
    }
  }

  /** The owner may still want to send something. */
  #unreadable(error: Error): void {
    this.#receiver?.unreadable?.(error);
    if (this.#phase === 'open') this.#finish(error);
  }

  /** Gives other work a turn; the peer waits meanwhile. */
  #rest(): void {
    if (this.#phase !== 'open') return;
    this.#wire.pause();
    this.#later();
  }

  #later(): void {
    this.#nextTurn ??= setImmediate(this.#goOn);
  }

  #continue(): void {
    this.#nextTurn = null;
    this.#frames = 0;
    this.#spentMs = 0;
    this.#deliver();
    if (this.#mayDeliver()) this.#wire.resume();
  }

  #taken(): void {
    if (this.#room === null || !this.#hasRoom()) return;
    this.#room.resolve();
    this.#room = null;
  }

  #hasRoom(): boolean {
    return this.#wire.queuedBytes < this.#highWaterBytes;
  }

  #ended(error: Error | null): void {
    if (this.#end !== null || this.#phase !== 'open') return;
    this.#end = { error };
    this.#deliver();
    // If nothing is left to report, a pause does not delay the end.
    if (this.#isPaused && this.#receiver !== null) this.#held ??= this.#take();
  }

  #deaf(error: Error | null): void {
    if (this.#phase !== 'open') return;
    this.#deafness ??= error;
    this.#startDeadline();
  }

  #afterLast(error: Error | null): void {
    const reason = error ?? this.#deafness;
    if (reason === null) this.#beginEnd();
    else this.#finish(reason);
  }

  #beginEnd(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'ending';
    this.#startDeadline();
    this.#wire.end();
  }

  #startDeadline(): void {
    this.#deadline ??= setTimeout(() => this.#expire(), this.closeWithinMs);
  }

  #expire(): void {
    const bytes = this.#wire.queuedBytes;
    const within = `within ${this.closeWithinMs} ms`;
    const lost = `Cannot send ${bytes} bytes to ${this.peer}: it did not take them ${within}`;
    const reason = bytes > 0 ? new CodeModeError('connection_lost', lost) : null;
    this.#finish(this.#deafness ?? reason);
  }

  #finish(error: Error | null): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#error = error;
    this.#held = null;
    clearTimeout(this.#deadline);
    if (this.#nextTurn !== null) clearImmediate(this.#nextTurn);
    this.#wire.destroy();
    this.#room?.resolve();
    // Not in place: the caller of `destroy` does not expect to be called back meanwhile.
    queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    if (!this.#isTold && this.#receiver !== null) {
      this.#isTold = true;
      this.#receiver.closed(this.#error);
    }
    this.#over.resolve();
  }
}
