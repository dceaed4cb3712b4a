import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { CodeModeError } from '../../../src/errors.ts';
import { ByteBudget } from '../../../src/runtime/byte-budget.ts';
import { startTimer } from '../../../src/waiting/timer.ts';
import type { HostCore } from '../../core/host-core.ts';
import { tooManyRequests } from '../../core/open-requests.ts';
import type { Reading } from '../../core/reading-gate.ts';
import type { ServedConnection } from '../../core/served-connections.ts';
import { SessionTable } from '../../core/session-table.ts';
import { SharedReading } from '../../core/shared-reading.ts';
import { CLOSE_WITHIN_MS } from '../../io/close-within-ms.ts';
import { ignoreErrors } from '../../io/ignore-errors.ts';
import { Status, StatusError } from '../status.ts';
import type { CodeModeService } from './code-mode-service.ts';
import { HEALTH_PATH, healthStatus } from './health.ts';
import { Http2Call } from './http2-call.ts';
import type { Leases } from './leases.ts';
import { toStatusError } from './outcomes.ts';
import { REQUEST_WINDOW_BYTES, RequestReading } from './request-reading.ts';
import type { Caller } from './server-call.ts';

/** What a connection needs of its server. */
export interface GrpcConnectionParts {
  /** Assigned by the host, counted from 1. */
  readonly number: number;
  readonly peer: string;
  readonly core: HostCore;
  readonly leases: Leases;
  readonly service: CodeModeService;
}

/** Bytes that a client may send of all requests together before they have arrived. */
const WINDOW_BYTES = 1 << 20;
/** Calls of one connection at once; a client holds back the others. */
const MAX_STREAMS = 16_384;
const MAX_HEADER_BYTES = 16_384;
/** Calls that a client may drop at once, and per second from then on. */
const DROP_BURST = 20_000;
const DROPS_PER_SECOND = 5_000;
/** Memory of the streams is bounded by their number and by budgets of ours, so not by Node.js, in MB. */
const MAX_SESSION_MB = 1 << 20;

const ANSWER = { ':status': 200, 'content-type': 'application/grpc' } as const;
const UNKNOWN_METHOD = { ...ANSWER, 'grpc-status': String(Status.unimplemented) } as const;

/** One connection of HTTP/2 with the calls on it. */
export class GrpcConnection implements ServedConnection, Caller {
  readonly peer: string;
  readonly sessions: SessionTable;
  readonly #parts: GrpcConnectionParts;
  readonly #http: ServerHttp2Session;
  readonly #requestBytes: ByteBudget;
  readonly #requestReading = new RequestReading();
  readonly reading = new SharedReading(this.#requestReading);
  readonly #closed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Error | null>();
  #isClosing = false;
  #requests = 0;
  #error: Error | null = null;

  /** @param stream Nothing else may use it. */
  constructor(stream: Duplex, parts: GrpcConnectionParts) {
    this.#parts = parts;
    this.peer = parts.peer;
    const { limits, sessions } = parts.core;
    const name = 'maxConnectionPendingBytes';
    this.#requestBytes = new ByteBudget(name, limits[name], sessions.budget);
    const carriers = new SharedReading(parts.leases.carriers.readingOf(this));
    this.sessions = tableOf(parts, carriers);
    ignoreErrors(stream);
    this.#http = performServerHandshake(stream, {
      maxSessionMemory: MAX_SESSION_MB,
      streamResetBurst: DROP_BURST,
      streamResetRate: DROPS_PER_SECOND,
      settings: {
        enablePush: false,
        initialWindowSize: REQUEST_WINDOW_BYTES,
        maxConcurrentStreams: MAX_STREAMS,
        maxHeaderListSize: MAX_HEADER_BYTES,
      },
    });
    ignoreErrors(this.#http);
    this.#http.setLocalWindowSize(WINDOW_BYTES);
    this.#http.on('error', (error: Error) => {
      this.#error ??= error;
    });
    this.#http.on('stream', (call, headers) => this.#receive(call, headers));
    this.#http.once('close', () => void this.#over());
    // Nothing can be asked any more, but a socket may stay half open.
    stream.once('end', () => this.#http.destroy());
    // A stream that was destroyed before never tells.
    if (stream.destroyed) this.#http.destroy();
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Resolves when the connection and its sessions have ended: null after a clean end. */
  get ended(): Promise<Error | null> {
    return this.#ended.promise;
  }

  retire(): void {
    if (!this.#http.destroyed) this.#http.close();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#closeLeases();
    if (this.#http.destroyed) return;
    const deadline = startTimer(() => this.#http.destroy(), CLOSE_WITHIN_MS);
    this.#http.close();
    await this.#closed.promise;
    clearTimeout(deadline);
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#http.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #receive(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { ':path': path, ':method': verb } = headers;
    const { service, leases } = this.#parts;
    if (path === HEALTH_PATH) {
      return respond(stream, { ':status': healthStatus(verb, leases.isStopping) });
    }
    const method = verb === 'POST' ? service.methodAt(path) : undefined;
    if (method === undefined) return respond(stream, UNKNOWN_METHOD);
    const call = new Http2Call(stream, this, this.#requestBytes);
    const error = method.isCounted ? this.#count(stream) : null;
    const encoding = headers['grpc-encoding'];
    if (error !== null) return call.fail(toStatusError(error));
    if (encoding === undefined || encoding === 'identity') {
      return call.read(method.perform, this.#requestReading);
    }
    const text = `Content is compressed with \`${encoding}\` which isn't supported`;
    call.fail(new StatusError(Status.unimplemented, text));
  }

  /** Counts a request until it is answered. @returns Why it cannot be taken. */
  #count(stream: ServerHttp2Stream): CodeModeError | null {
    const { maxRequests } = this.#parts.core.limits;
    if (this.#requests >= maxRequests) return tooManyRequests(maxRequests);
    this.#requests += 1;
    stream.once('close', () => {
      this.#requests -= 1;
    });
    return null;
  }

  #closeLeases(): Promise<unknown> {
    const { leases } = this.#parts;
    return Promise.all(leases.of(this).map((lease) => lease.close()));
  }

  async #over(): Promise<void> {
    this.#isClosing = true;
    this.#closed.resolve();
    await this.#closeLeases();
    this.#parts.leases.carriers.ended(this);
    this.#ended.resolve(this.#error);
  }
}

function respond(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  ignoreErrors(stream);
  stream.respond(headers, { endStream: true });
}

function tableOf(
  { number, peer, core, leases }: GrpcConnectionParts,
  reading: Reading,
): SessionTable {
  return new SessionTable({
    factory: core.sessions,
    holder: `connection ${number} (${peer})`,
    reading,
    closedRule: 'answers-sent',
    yieldsWhileDraining: false,
    asciiToolNames: true,
    delegateOf: (sessionId) => leases.get(sessionId).delegate,
    onCellClosed: (sessionId, cellId) => leases.find(sessionId)?.cellClosed(cellId),
  });
}
