import type { CodeModeError } from '../../../src/errors.ts';
import { AnswerDeadlines } from '../../remote/answer-deadlines.ts';
import { AnswerTimes } from '../../remote/answer-times.ts';
import { AskedEnds } from '../../remote/asked-ends.ts';
import type { HostLink, SessionOpening, WantedSession } from '../../remote/host-link.ts';
import { type SessionRouter, sessionRouter } from '../../remote/session-traffic.ts';
import { AskedCalls } from './asked-calls.ts';
import { Channel } from './channel.ts';
import { grpcOpening } from './grpc-opening.ts';
import type { Lease } from './lease.ts';
import type { Place } from './place.ts';

/** Options of a connection to a gRPC host. */
export interface GrpcLinkOptions {
  /** How long the host may take to say that it speaks HTTP/2, in milliseconds. */
  readonly helloMs: number;
  /** How late an answer may be before the connection fails, in milliseconds. */
  readonly answerWithinMs: number;
  /** The number of this connection at its client, from 1. */
  readonly generation: number;
  /** Aborts connecting. It has no effect on an open connection. */
  readonly signal: AbortSignal;
}

/** A connection to a host that speaks gRPC. See `HostLink`. */
export class GrpcLink implements HostLink {
  readonly generation: number;
  readonly router: SessionRouter = sessionRouter();
  readonly #channel: Channel;
  readonly #calls: AskedCalls;
  readonly #times = new AnswerTimes(false);
  readonly #ends = new AskedEnds();
  readonly #leases = new Set<Lease>();

  private constructor(channel: Channel, { generation, answerWithinMs }: GrpcLinkOptions) {
    this.generation = generation;
    this.#channel = channel;
    const onLate = (error: CodeModeError) => channel.destroy(error);
    const deadlines = new AnswerDeadlines(answerWithinMs, onLate);
    this.#calls = new AskedCalls(channel, deadlines);
    void channel.ended.then((error) => {
      deadlines.clear();
      this.router.close(error);
    });
  }

  /** @throws `connection_lost`, `handshake_failed`; the signal's reason. */
  static async connect(place: Place, options: GrpcLinkOptions): Promise<GrpcLink> {
    const channel = await Channel.connect(place, options.helloMs, options.signal);
    return new GrpcLink(channel, options);
  }

  get failure(): Error | null {
    return this.#channel.failure;
  }

  get ended(): Promise<Error> {
    return this.#channel.ended;
  }

  get unanswered(): number {
    let unanswered = 0;
    for (const lease of this.#leases) unanswered += lease.unanswered;
    return unanswered;
  }

  /** The capabilities of the JSON wire have no names here. */
  has(): boolean {
    return false;
  }

  opening(wanted: WantedSession): SessionOpening {
    const host = {
      calls: this.#calls,
      times: this.#times,
      ends: this.#ends,
      router: this.router,
      failure: () => this.failure,
      added: (lease: Lease) => void this.#leases.add(lease),
      removed: (lease: Lease) => void this.#leases.delete(lease),
    };
    return grpcOpening(host, wanted);
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  destroy(error: Error): void {
    this.#channel.destroy(error);
  }
}
