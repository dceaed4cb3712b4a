import { type SpawnHostOptions, spawnHost } from '../../host/client/spawn-host.ts';
import { sessionContract } from '../contract/session-contract.ts';
import { GRPC_FEATURES, V1_FEATURES } from '../contract/session-features.ts';
import { CONTRACT_TOOLS } from '../contract/session-setup.ts';
import { ScriptedDelegate } from '../support/scripted-delegate.ts';

/**
 * The session contract over any host of version 1, such as another project's, in JSON or over gRPC:
 *
 *     CELLHOST_V1_HOST=/path/to/host node --test test/e2e/session-over-host.ts
 *     CELLHOST_GRPC_HOST=/path/to/host node --test test/e2e/session-over-host.ts
 */
const { CELLHOST_V1_HOST, CELLHOST_GRPC_HOST } = process.env;
const path = CELLHOST_GRPC_HOST ?? CELLHOST_V1_HOST;
if (path === undefined) throw new Error('Set CELLHOST_V1_HOST or CELLHOST_GRPC_HOST to a host');
const host: SpawnHostOptions =
  CELLHOST_GRPC_HOST === undefined
    ? { command: [path] }
    : { command: [path, '--listen', 'grpc+stdio://'], wire: 'grpc' };

const leftOut = sessionContract(
  `RemoteSession over ${path} (${host.wire ?? 'json'})`,
  async (limits) => {
    const client = await spawnHost(host);
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
  host.wire === 'grpc' ? GRPC_FEATURES : V1_FEATURES,
);
console.log(`Left out, because it cannot be said: ${leftOut.length} cases`);
for (const name of leftOut) console.log(`  ${name}`);
