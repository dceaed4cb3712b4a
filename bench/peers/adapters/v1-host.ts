import type { OpenPeer } from '../peer.ts';
import { CELL_DIALECT } from '../session-cells.ts';
import { V1Client } from '../v1-client.ts';

const SESSIONS = ['first', 'second'] as const;

/** A host of protocol version 1: that of `@openai/codex`, and ours. */
export const open: OpenPeer = async ({ command }) => {
  const start = performance.now();
  const client = await V1Client.start(command);
  const greetedMs = performance.now() - start;
  for (const name of SESSIONS) await client.openSession(name);
  return {
    dialect: CELL_DIALECT,
    canStop: true,
    hasTimeLimit: false,
    toolsRunHere: true,
    greetedMs,
    startCell(source, tool, { session = 'first' } = {}) {
      const cell = client.execute(session, source, tool);
      return {
        answer: cell.text,
        stop: async () => client.terminate(session, await cell.id),
      };
    },
    close: () => client.close(),
  };
};
