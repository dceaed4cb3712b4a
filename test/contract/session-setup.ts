import type { SessionLimits } from '../../src/limits.ts';
import type { ExecuteRequest, Session, StartedCell } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import { brief, expectEvent } from '../support/events.ts';
import type { ScriptedDelegate } from '../support/scripted-delegate.ts';
import type { CaseList } from './case-list.ts';
import type { SessionFeature, SessionFeatures } from './session-features.ts';

/** The tools every session of the contract has; `ScriptedDelegate` knows them. */
export const CONTRACT_TOOLS: readonly ToolDefinition[] = [
  'echo',
  'fail',
  'block',
  'stubborn',
  'never',
].map((name) => ({ name, description: `${name} tool` }));

/** A session to test, and its delegate. */
export interface SessionUnderTest extends AsyncDisposable {
  readonly session: Session;
  readonly delegate: ScriptedDelegate;
}

/** Makes a new session with `CONTRACT_TOOLS`. */
export type SetUpSession = (limits?: Partial<SessionLimits>) => Promise<SessionUnderTest>;

/** The tools of the cases of the contract. */
export interface SessionContract {
  readonly describe: CaseList<SessionFeature>['describe'];
  readonly it: CaseList<SessionFeature>['it'];
  readonly setUp: SetUpSession;
  readonly features: SessionFeatures;
}

/** A wait that does not expire during a test. */
export const LONG = { yieldAfterMs: 60_000 } as const;

/** A wait for the next frontier. */
export const PENDING = { pending: true } as const;

/** Runs a program and waits for its end. */
export function start(
  session: Session,
  source: string,
  request: Partial<ExecuteRequest> = {},
): Promise<StartedCell> {
  return session.execute({ source, observe: LONG, ...request });
}

/** Runs a program, and returns its first event. */
export async function firstOf(session: Session, source: string, request?: Partial<ExecuteRequest>) {
  const { first } = await start(session, source, request);
  return first;
}

/** Without `closedBeforeDelivery` the delegate learns of an end after the caller: waits for that. */
export async function untilClosed(
  delegate: ScriptedDelegate,
  features: SessionFeatures,
  ...cellIds: readonly string[]
): Promise<void> {
  if (features.closedBeforeDelivery) return;
  await Promise.all(cellIds.map((cellId) => delegate.saw(`${cellId} closed`)));
}

/** What a delegate saw of a cell, in order; without `grace`, callbacks may return after the end. */
export function orderedLog(
  delegate: ScriptedDelegate,
  cellId: string,
  { grace }: SessionFeatures,
): readonly string[] {
  return delegate.logOf(cellId).filter((entry) => grace || !entry.endsWith(' finished'));
}

let marks = 0;

/**
 * Runs a program to its end without an observer.
 *
 * If a cell is not closed before its end is claimed, a value that it stores shows its end.
 *
 * @returns Its cell.
 */
export async function runAlone(
  { session, delegate }: SessionUnderTest,
  features: SessionFeatures,
  source: string,
): Promise<string> {
  marks += 1;
  const mark = features.closedBeforeDelivery ? '' : `store('ended ${marks}', true);`;
  const { cellId, first } = await start(session, `yield_control(); ${mark} ${source}`);
  expectEvent(await first, 'yielded');
  if (features.closedBeforeDelivery) await delegate.saw(`${cellId} closed`);
  else while (brief(await firstOf(session, `text(load('ended ${marks}'))`)) !== 'completed: true');
  return cellId;
}
