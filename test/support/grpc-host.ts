import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { HostOptions } from '../../host/core/host-core.ts';
import { GrpcServer, type GrpcServerOptions } from '../../host/grpc/server/grpc-server.ts';
import { Host } from '../../host/server/host.ts';
import { GrpcJsClient } from './grpc-js-client.ts';

/** A host of this process that listens for gRPC on a port of the loopback interface. */
export class GrpcHost implements AsyncDisposable {
  readonly host: Host;
  readonly server: GrpcServer;
  readonly port: number;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(host: Host, server: GrpcServer, listener: Server, port: number) {
    this.host = host;
    this.server = server;
    this.#listener = listener;
    this.port = port;
  }

  static async start(options: HostOptions, serving: GrpcServerOptions = {}): Promise<GrpcHost> {
    const host = new Host(options);
    const server = new GrpcServer(host.core, serving);
    // As the listeners of the programs are.
    const listener = createServer({ allowHalfOpen: true, noDelay: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    const started = new GrpcHost(host, server, listener, port);
    listener.on('connection', (socket) => {
      started.#sockets.add(socket);
      server.accept(socket, 'test');
    });
    return started;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  client(): GrpcJsClient {
    return new GrpcJsClient(this.address);
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.close();
    this.cut();
    this.#listener.close();
  }
}
