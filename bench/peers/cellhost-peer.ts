import type { Session, SessionRuntimeOptions } from '../../src/index.ts';
import type { Peer } from './peer.ts';
import { CELL_DIALECT, NO_TOOL, startCellOf, TOOLS } from './session-cells.ts';

/** Sessions of this project as a peer. */
export function cellhostPeer(
  openSession: (options: Omit<SessionRuntimeOptions, 'sandbox'>) => Session,
  closeSandbox: () => Promise<void>,
): Peer {
  const sessions = {
    first: openSession({ delegate: NO_TOOL, tools: TOOLS }),
    second: openSession({ delegate: NO_TOOL, tools: TOOLS }),
  };
  const others: Session[] = [];
  const limited = (maxRunMs: number) => {
    const session = openSession({ delegate: NO_TOOL, tools: TOOLS, limits: { maxRunMs } });
    others.push(session);
    return session;
  };
  return {
    dialect: CELL_DIALECT,
    canStop: true,
    hasTimeLimit: true,
    toolsRunHere: true,
    startCell(source, tool, { session: name = 'first', limitMs } = {}) {
      const session = limitMs === undefined ? sessions[name] : limited(limitMs);
      return startCellOf(session, source, tool);
    },
    async close() {
      await Promise.all([sessions.first, sessions.second, ...others].map((each) => each.close()));
      await closeSandbox();
    },
  };
}
