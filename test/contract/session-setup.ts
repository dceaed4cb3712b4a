import type { SessionLimits } from '../../src/limits.ts';
import type { ExecuteRequest, Session, StartedCell } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { ScriptedDelegate } from '../support/scripted-delegate.ts';

/** The tools every session of the contract has; `ScriptedDelegate` knows them. */
export const CONTRACT_TOOLS: readonly ToolDefinition[] = [
  'echo',
  'fail',
  'block',
  'stubborn',
  'never',
].map((name) => ({ name, description: `${name} tool` }));

/** A session to test, and the delegate it asks. */
export interface SessionUnderTest extends AsyncDisposable {
  readonly session: Session;
  readonly delegate: ScriptedDelegate;
}

/** Makes a session of its own, with `CONTRACT_TOOLS`. */
export type SetUpSession = (limits?: Partial<SessionLimits>) => Promise<SessionUnderTest>;

/** What an implementation can do. One that speaks to an older peer cannot do all of it. */
export interface SessionFeatures {
  /** The pending observe mode and `resume`. */
  readonly frontiers: boolean;
  /** Limits can be set. */
  readonly limits: boolean;
  /** `cells()` lists cells. */
  readonly listing: boolean;
  /** Missing cells have a reason other than `unknown`. */
  readonly missingReasons: boolean;
  /** Cancelled callbacks have a moment to return before the answer. */
  readonly grace: boolean;
  /** A request may bring a delegate of its own. */
  readonly cellDelegates: boolean;
  /** Completions tell the kind and the place of a failure, and have notes. */
  readonly failureDetails: boolean;
  /** `events()` tells what happens to a cell. */
  readonly liveEvents: boolean;
}

/** Everything there is. */
export const ALL_FEATURES: SessionFeatures = {
  frontiers: true,
  limits: true,
  listing: true,
  missingReasons: true,
  grace: true,
  cellDelegates: true,
  failureDetails: true,
  liveEvents: true,
};

/** A wait that does not end by itself while a test runs. */
export const LONG = { yieldAfterMs: 60_000 } as const;

/** A wait for the next frontier. */
export const PENDING = { pending: true } as const;

/** Runs a program and waits for it as long as it takes. */
export function start(
  session: Session,
  source: string,
  request: Partial<ExecuteRequest> = {},
): Promise<StartedCell> {
  return session.execute({ source, observe: LONG, ...request });
}

/** Runs a program that shows a text, and gives its first event. */
export async function firstOf(session: Session, source: string, request?: Partial<ExecuteRequest>) {
  const { first } = await start(session, source, request);
  return first;
}
