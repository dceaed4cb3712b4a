import { after } from 'node:test';
import { Host } from '../../../host/server/host.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { sessionContract } from '../../contract/session-contract.ts';
import { V1_FEATURES } from '../../contract/session-features.ts';
import { remoteSessionOver } from '../../support/remote-session-over.ts';
import { v1Only } from '../../support/v1-only.ts';

const sandbox = isolateSandbox();
const host = new Host({ sandbox });
after(async () => {
  await host.close();
  await sandbox.close();
});

// `test/e2e/session-over-host.ts` does the same with a host of another maker.
sessionContract(
  'RemoteSession if both sides only speak version 1',
  remoteSessionOver(async () => {
    const [here, there] = memoryTransports();
    void host.serve(there);
    return v1Only(here);
  }),
  V1_FEATURES,
);
