import { HostClient } from '../../host/client/host-client.ts';
import type { Transport } from '../../host/wire/transport.ts';
import { CONTRACT_TOOLS, type SetUpSession } from '../contract/session-setup.ts';
import { ScriptedDelegate } from './scripted-delegate.ts';

/** Makes the sessions of the session contract, each on a new connection. */
export function remoteSessionOver(connect: () => Promise<Transport>): SetUpSession {
  return async (limits) => {
    const delegate = new ScriptedDelegate();
    const client = await HostClient.connect(await connect());
    const made = limits === undefined ? {} : { limits };
    const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS, ...made });
    return { session, delegate, [Symbol.asyncDispose]: () => client.close() };
  };
}
