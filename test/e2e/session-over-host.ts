import { spawnHost } from '../../host/client/spawn-host.ts';
import { sessionContract } from '../contract/session-contract.ts';
import { CONTRACT_TOOLS, type SessionFeatures } from '../contract/session-setup.ts';
import { ScriptedDelegate } from '../support/scripted-delegate.ts';

/**
 * The session contract over any host of version 1, such as another maker's:
 *
 *     CELLHOST_V1_HOST=/path/to/host node --test test/e2e/session-over-host.ts
 */
const path = process.env.CELLHOST_V1_HOST;
if (path === undefined) throw new Error('Set CELLHOST_V1_HOST to the path of a host');

/** What version 1 alone can do. */
const V1: SessionFeatures = {
  frontiers: false,
  limits: false,
  listing: false,
  missingReasons: false,
  grace: false,
  cellDelegates: true,
  failureDetails: false,
  liveEvents: false,
};

sessionContract(
  `RemoteSession over ${path}`,
  async () => {
    const client = await spawnHost({ command: [path] });
    const delegate = new ScriptedDelegate();
    const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS });
    return { session, delegate, [Symbol.asyncDispose]: () => client.close() };
  },
  V1,
);
