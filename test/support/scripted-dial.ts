import { HostClient } from '../../host/client/host-client.ts';
import type { DialRequest } from '../../host/client/reconnecting-host-client.ts';
import { memoryTransports } from '../../host/transports/memory-transport.ts';
import { CodeModeError } from '../../src/errors.ts';
import { ScriptedHost } from './scripted-host.ts';

/** Dials scripted hosts, a new one for each connection. */
export class ScriptedDial {
  /** All requests, in order. */
  readonly requests: DialRequest[] = [];
  /** The hosts that were reached, in order. */
  readonly hosts: ScriptedHost[] = [];
  /** What happens before a host answers. */
  onDial: (request: DialRequest) => unknown = () => {};
  readonly #clients: HostClient[] = [];
  readonly #waiting = new Set<() => void>();

  readonly dial = async (request: DialRequest): Promise<HostClient> => {
    this.requests.push(request);
    await this.onDial(request);
    const [here, there] = memoryTransports();
    this.hosts.push(new ScriptedHost(there));
    for (const look of this.#waiting) look();
    const client = await HostClient.connect(here, request);
    this.#clients.push(client);
    return client;
  };

  /** The host of this connection, counted from 1, as soon as there is one. */
  async host(number: number): Promise<ScriptedHost> {
    for (;;) {
      const host = this.hosts[number - 1];
      if (host !== undefined) return host;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Breaks that connection. Resolves when its client has noticed. */
  async lose(number: number): Promise<void> {
    const host = await this.host(number);
    host.destroy(new Error('the cable was cut'));
    await this.#clients[number - 1]?.ended;
  }

  /** Makes that host open the next requested session. */
  async ready(number: number): Promise<void> {
    const host = await this.host(number);
    const { id, request } = await host.next();
    host.answer(id, { type: 'session/ready', sessionId: request.sessionId });
  }
}

/** The error of dialling if there is no answer. */
export function unreachable(): CodeModeError {
  return new CodeModeError('connection_lost', 'Cannot connect: nobody answers');
}
