import { after } from 'node:test';
import { connect } from '../../../../host/client/spawn-host.ts';
import { isolateSandbox } from '../../../../sandbox/index.ts';
import { sessionContract } from '../../../contract/session-contract.ts';
import { OWN_GRPC_FEATURES } from '../../../contract/session-features.ts';
import { CONTRACT_TOOLS } from '../../../contract/session-setup.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import { ScriptedDelegate } from '../../../support/scripted-delegate.ts';

const sandbox = isolateSandbox();
const host = await GrpcHost.start({ sandbox });
after(async () => {
  await host[Symbol.asyncDispose]();
  await sandbox.close();
});

sessionContract(
  'RemoteSession over gRPC',
  async (limits) => {
    const delegate = new ScriptedDelegate();
    const client = await connect(`http://${host.address}`);
    const made = limits === undefined ? {} : { limits };
    const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS, ...made });
    return { session, delegate, [Symbol.asyncDispose]: () => client.close() };
  },
  OWN_GRPC_FEATURES,
);
