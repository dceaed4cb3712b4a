import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { startTimer } from '../../../src/waiting/timer.ts';
import type { HostCore } from '../../core/host-core.ts';
import { ignoreErrors } from '../../io/ignore-errors.ts';
import { CodeModeService } from './code-mode-service.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { healthServer } from './health.ts';
import { Leases } from './leases.ts';
import { spokenProtocol } from './spoken-protocol.ts';

/** Options of a server. */
export interface GrpcServerOptions {
  /** Put on the answer to OpenSession as `x-code-mode-route`, for balancers that cannot. Default: nothing. */
  readonly route?: string | undefined;
}

/** Serves the sessions of a host over gRPC. */
export class GrpcServer {
  readonly #core: HostCore;
  readonly #leases = new Leases();
  readonly #service: CodeModeService;
  readonly #health: Server;
  readonly #connections = new Set<GrpcConnection>();

  constructor(core: HostCore, { route }: GrpcServerOptions = {}) {
    this.#core = core;
    this.#service = new CodeModeService(core, this.#leases, route ?? null);
    this.#health = healthServer(() => this.#leases.isStopping);
  }

  /** Open sessions of clients that speak gRPC. */
  get sessions(): number {
    return this.#leases.size;
  }

  /** Serves a client that has connected to a listener: gRPC, or a question for the health of the host. */
  accept(socket: Socket, peer: string): void {
    ignoreErrors(socket);
    this.#speak(socket, peer).catch(() => socket.destroy());
  }

  async #speak(socket: Socket, peer: string): Promise<void> {
    switch (await spokenProtocol(socket, this.#core.limits.helloMs)) {
      case 'http2':
        await this.serve(socket, peer);
        return;
      case 'http1':
        this.#health.emit('connection', socket);
        socket.resume();
        return;
      case 'nothing':
        socket.destroy();
    }
  }

  /**
   * Serves a client until it leaves or the host is closed.
   *
   * @param stream Bytes of HTTP/2 in both directions. Nothing else may use it.
   * @returns Resolves when the connection and its sessions have ended: with the error that ended the
   *   connection, or null.
   */
  serve(stream: Duplex, peer: string): Promise<Error | null> {
    let client: GrpcConnection | null = null;
    const served = {
      peer,
      close: async () => client?.close(),
      fail: () => void stream.destroy(),
    };
    return this.#core.connections.serve(served, async (number) => {
      const connection = new GrpcConnection(stream, {
        number,
        peer,
        core: this.#core,
        leases: this.#leases,
        service: this.#service,
      });
      client = connection;
      this.#connections.add(connection);
      const error = await connection.ended;
      this.#connections.delete(connection);
      return error;
    });
  }

  /**
   * Takes no new sessions, says so to who asks for the health of the host, and ends connections that
   * have no session left.
   *
   * @param withinMs How long sessions may stay.
   * @returns Resolves when there are no sessions left, or after that time.
   */
  async drain(withinMs: number): Promise<void> {
    const empty = this.#leases.stop();
    for (const connection of this.#connections) this.#leases.retireUnused(connection);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = startTimer(resolve, withinMs);
    await Promise.race([empty, late]);
    clearTimeout(timer);
  }
}
