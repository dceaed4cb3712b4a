import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dial } from '../../../host/transports/dial.ts';
import { type Listener, type ListenOptions, listen } from '../../../host/transports/listen.ts';
import { type Endpoint, parseListenEndpoint } from '../../../host/wire/endpoint.ts';
import type { Transport } from '../../../host/wire/transport.ts';

/** A signal that never aborts. */
export const never = new AbortController().signal;

type Arrival = (transport: Transport) => void;

/** Somebody who listens, and the connections that come, one after the other. */
export class Door implements AsyncDisposable {
  readonly listener: Listener;
  readonly #come: Transport[];
  readonly #waiting: Arrival[];

  private constructor(listener: Listener, come: Transport[], waiting: Arrival[]) {
    this.listener = listener;
    this.#come = come;
    this.#waiting = waiting;
  }

  static async open(
    where: string | Endpoint,
    options: Omit<ListenOptions, 'onConnection'> = {},
  ): Promise<Door> {
    const come: Transport[] = [];
    const waiting: Arrival[] = [];
    const endpoint = typeof where === 'string' ? parseListenEndpoint(where) : where;
    const listener = await listen(endpoint, {
      ...options,
      onConnection(transport) {
        const resolve = waiting.shift();
        if (resolve === undefined) come.push(transport);
        else resolve(transport);
      },
    });
    return new Door(listener, come, waiting);
  }

  get url(): string {
    return this.listener.url;
  }

  /** The connection that came next. */
  next(): Promise<Transport> {
    const transport = this.#come.shift();
    if (transport !== undefined) return Promise.resolve(transport);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Connects to it: our side, and its side. */
  async enter(options: Parameters<typeof dial>[1] = { signal: never }) {
    return Promise.all([dial(this.url, options), this.next()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close();
    for (const transport of this.#come) transport.destroy();
  }
}

/** A folder that is gone at the end. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'cellhost-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
