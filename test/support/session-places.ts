import { HostClient } from '../../host/client/host-client.ts';
import { Host } from '../../host/server/host.ts';
import type { SessionPlace } from '../../host/session-layer/create-session.ts';
import { memoryTransports } from '../../host/transports/memory-transport.ts';
import type { Sandbox } from '../../src/sandbox.ts';

/** Everywhere a session of the session layer can run, over one sandbox. */
export async function sessionPlaces(sandbox: Sandbox) {
  const host = new Host({ sandbox });
  const [here, there] = memoryTransports();
  void host.serve(there);
  const client = await HostClient.connect(here);
  const places: readonly (readonly [string, SessionPlace])[] = [
    ['in this process', { sandbox }],
    ['on a host', { host: client }],
    ['on a host that chooses the id', { host: client, assigned: true }],
  ];
  const close = async () => {
    await client.close();
    await host.close();
  };
  return { places, close };
}
