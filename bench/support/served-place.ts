import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dial, Host, HostClient, memoryTransports, type Transport } from '../../host/index.ts';
import { listen } from '../../host/transports/listen.ts';
import { parseListenEndpoint } from '../../host/wire/endpoint.ts';
import { processSandbox } from '../../sandbox/process/process-sandbox.ts';
import { hostedSession, type Place } from './rig.ts';

/** How a client reaches a host. */
export type Way = 'memory' | 'unix socket' | 'TCP' | 'WebSocket';
const NEVER = new AbortController().signal;
export const WAYS: readonly Way[] = ['memory', 'unix socket', 'TCP', 'WebSocket'];

/** A place with access to its host and its client. */
export interface ServedPlace extends Place {
  readonly host: Host;
  /** Connects another client. */
  connect(): Promise<Dialled>;
}

/** A client, and a way to break its connection. */
export interface Dialled {
  readonly client: HostClient;
  drop(): void;
}

/** Sessions of a host in this process, reached over a transport; its programs run in sandbox processes. */
export async function servedPlace(way: Way): Promise<ServedPlace> {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(new Host({ sandbox: opened.use(processSandbox()) }));
  const reach = way === 'memory' ? async () => inMemory(host) : await listening(way, host, opened);
  const connect = async () => {
    const transport = await reach();
    const client = await HostClient.connect(transport);
    return { client, drop: () => transport.destroy() };
  };
  const { client } = await connect();
  opened.use(client);
  const resources = opened.move();
  return {
    name: `over ${way}`,
    dropsCallbacks: false,
    host,
    connect,
    openSession: (options) => hostedSession(client, options),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function inMemory(host: Host): Transport {
  const [ours, theirs] = memoryTransports();
  void host.serve(ours);
  return theirs;
}

async function listening(
  way: Exclude<Way, 'memory'>,
  host: Host,
  opened: AsyncDisposableStack,
): Promise<() => Promise<Transport>> {
  const listener = await listen(parseListenEndpoint(addressOf(way, opened)), {
    onConnection: (transport) => void host.serve(transport),
  });
  opened.defer(() => listener.close());
  return () => dial(listener.url, { signal: NEVER });
}

function addressOf(way: Exclude<Way, 'memory'>, opened: AsyncDisposableStack): string {
  if (way === 'TCP') return 'tcp:127.0.0.1:0';
  if (way === 'WebSocket') return 'ws://127.0.0.1:0';
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-bench-'));
  opened.defer(() => rmSync(folder, { recursive: true }));
  return `unix:${join(folder, 'host.sock')}`;
}
