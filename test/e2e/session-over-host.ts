import { spawnHost } from '../../host/client/spawn-host.ts';
import { sessionContract } from '../contract/session-contract.ts';
import { V1_FEATURES } from '../contract/session-features.ts';
import { CONTRACT_TOOLS } from '../contract/session-setup.ts';
import { ScriptedDelegate } from '../support/scripted-delegate.ts';

/**
 * The session contract over any host of version 1, such as another project's:
 *
 *     CELLHOST_V1_HOST=/path/to/host node --test test/e2e/session-over-host.ts
 */
const path = process.env.CELLHOST_V1_HOST;
if (path === undefined) throw new Error('Set CELLHOST_V1_HOST to the path of a host');

const leftOut = sessionContract(
  `RemoteSession over ${path}`,
  async (limits) => {
    const client = await spawnHost({ command: [path] });
    const delegate = new ScriptedDelegate();
    const made = limits === undefined ? {} : { limits };
    try {
      const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS, ...made });
      return { session, delegate, [Symbol.asyncDispose]: () => client.close() };
    } catch (error) {
      await client.close();
      throw error;
    }
  },
  V1_FEATURES,
);
console.log(`Left out, because version 1 cannot say it: ${leftOut.length} cases`);
for (const name of leftOut) console.log(`  ${name}`);
