import { spawnHost } from '../../../host/client/spawn-host.ts';
import type { OpenPeer } from '../peer.ts';
import { CELL_DIALECT, NO_TOOL, startCellOf, TOOLS } from '../session-cells.ts';

/** A host that speaks gRPC on its standard streams: that of `@openai/codex`, and ours. */
export const open: OpenPeer = async ({ command: [program = '', ...args] }) => {
  const start = performance.now();
  const command = [program, ...args, '--listen', 'grpc+stdio://'] as const;
  const client = await spawnHost({ command, wire: 'grpc' });
  const greetedMs = performance.now() - start;
  const options = { delegate: NO_TOOL, tools: TOOLS };
  const sessions = {
    first: await client.openSession(options),
    second: await client.openSession(options),
  };
  return {
    dialect: CELL_DIALECT,
    canStop: true,
    hasTimeLimit: false,
    toolsRunHere: true,
    greetedMs,
    startCell: (source, tool, { session = 'first' } = {}) =>
      startCellOf(sessions[session], source, tool),
    close: () => client.close(),
  };
};
