import { CodeModeError } from '../../src/errors.ts';
import { withDefaults } from '../../src/limits.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import { DEFAULT_HOST_LIMITS, type HostLimits } from './host-limits.ts';
import type { HostLog } from './host-log.ts';
import { ServedConnections } from './served-connections.ts';
import { SessionFactory } from './session-factory.ts';
import type { SessionOpener } from './session-opening.ts';

/** What a host is made of. Exactly one of `sandbox` and `open` is required. */
export interface HostOptions {
  /** Runs the programs of all sessions. Not closed with the host. */
  readonly sandbox?: Sandbox;
  /** Opens each session elsewhere, as a proxy between clients and another host does. */
  readonly open?: SessionOpener;
  readonly limits?: Partial<HostLimits>;
  readonly log?: HostLog;
}

/** What the wires of one host share, so that its limits hold for all of them together. */
export interface HostCore {
  readonly limits: HostLimits;
  readonly log: HostLog;
  readonly sessions: SessionFactory;
  readonly connections: ServedConnections;
}

const SILENT: HostLog = { info() {}, warn() {} };

/** @throws `invalid_argument` for an invalid limit, and unless exactly one of `sandbox` and `open` is given. */
export function makeHostCore({ sandbox, open, limits, log = SILENT }: HostOptions): HostCore {
  const all = withDefaults(DEFAULT_HOST_LIMITS, limits);
  const where = sandbox ?? open;
  if (where === undefined || (sandbox !== undefined && open !== undefined)) {
    const text = 'Cannot create a host: give exactly one of sandbox and open';
    throw new CodeModeError('invalid_argument', text);
  }
  return {
    limits: all,
    log,
    sessions: new SessionFactory(where, all, log),
    connections: new ServedConnections(all.maxConnections, log),
  };
}
