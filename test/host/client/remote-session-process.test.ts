import { after } from 'node:test';
import { spawnHost } from '../../../host/client/spawn-host.ts';
import { sessionContract } from '../../contract/session-contract.ts';
import { CONTRACT_TOOLS } from '../../contract/session-setup.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

const client = await spawnHost();
after(() => client.close());

sessionContract('RemoteSession of a host process', async (limits) => {
  const delegate = new ScriptedDelegate();
  const made = limits === undefined ? {} : { limits };
  const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS, ...made });
  return { session, delegate, [Symbol.asyncDispose]: () => session.close() };
});
