import { HostClient } from '../../host/client/host-client.ts';
import type { DialRequest } from '../../host/client/reconnecting-host-client.ts';
import { memoryTransports } from '../../host/transports/memory-transport.ts';
import { CodeModeError } from '../../src/errors.ts';
import { ScriptedHost } from './scripted-host.ts';

/** Dials hosts that say what the test tells them to, each connection a host of its own. */
export class ScriptedDial {
  /** What was asked for, in order. */
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

  /** The host of this connection, counted from 1, as soon as it is there. */
  async host(number: number): Promise<ScriptedHost> {
    for (;;) {
      const host = this.hosts[number - 1];
      if (host !== undefined) return host;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Cuts that connection. Resolves when its client knows. */
  async lose(number: number): Promise<void> {
    const host = await this.host(number);
    host.destroy(new Error('the cable was cut'));
    await this.#clients[number - 1]?.ended;
  }

  /** Has that host open the session it is asked for next. */
  async ready(number: number): Promise<void> {
    const host = await this.host(number);
    const { id, request } = await host.next();
    host.answer(id, { type: 'session/ready', sessionId: request.sessionId });
  }
}

/** What dialling fails with where nobody answers. */
export function unreachable(): CodeModeError {
  return new CodeModeError('connection_lost', 'Cannot connect: nobody answers');
}
