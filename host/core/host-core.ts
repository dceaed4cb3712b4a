import type { HostLimits } from './host-limits.ts';
import type { HostLog } from './host-log.ts';
import type { ServedConnections } from './served-connections.ts';
import type { SessionFactory } from './session-factory.ts';

/** What the wires of one host share, so that its limits hold for all of them together. */
export interface HostCore {
  readonly limits: HostLimits;
  readonly log: HostLog;
  readonly sessions: SessionFactory;
  readonly connections: ServedConnections;
}
