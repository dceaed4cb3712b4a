import { after } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { Host } from '../../../host/server/host.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { sessionContract } from '../../contract/session-contract.ts';
import { ALL_FEATURES } from '../../contract/session-features.ts';
import { remoteSessionOver } from '../../support/remote-session-over.ts';

const sandbox = isolateSandbox();
const upstream = new Host({ sandbox });
const proxies: Host[] = [];

/** A connection to a new proxy in front of the host. */
async function connect() {
  const [toHost, host] = memoryTransports();
  void upstream.serve(host);
  const client = await HostClient.connect(toHost);
  const proxy = new Host({
    open: ({ delegate, options, signal }) =>
      new SessionBuilder({ ...options, host: client, assigned: true, signal }).startProxy(delegate),
  });
  proxies.push(proxy);
  const [here, there] = memoryTransports();
  void proxy.serve(there).then(() => client.close());
  return here;
}

after(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await upstream.close();
  await sandbox.close();
});

sessionContract('RemoteSession through a proxy', remoteSessionOver(connect), {
  ...ALL_FEATURES,
  promptCalls: false,
});
