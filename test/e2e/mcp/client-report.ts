import type { ClientRun } from './client-run.ts';
import { unfinishedTurn } from './client-scenarios.ts';
import type { ClientKind, RunKind } from './clients.ts';

/** A run of a client, and what it was for. */
export interface NamedRun extends ClientRun {
  readonly name: RunKind;
}

const TITLES: Readonly<Record<RunKind, string>> = {
  unattended: 'one turn, standard streams',
  http: 'one turn, HTTP',
  steered: 'turns with a person, standard streams',
};

/** Whether all scenarios were played as they should, and nothing else is wrong. */
export function wentWell(run: NamedRun): boolean {
  // A turn that ends with its client does not come to its second step.
  const isOver = run.scenarios.every(({ name, over }) => over || name === unfinishedTurn.name);
  const isRight = run.scenarios.every(({ problems }) => problems.length === 0);
  return isOver && isRight && problemsOf(run).length === 0;
}

/** A run as lines for people. */
export function renderRun(run: NamedRun): readonly string[] {
  return [
    TITLES[run.name],
    ...run.scenarios.flatMap(({ name, problems }) => [
      `  ${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}`,
      ...problems.map((problem) => `       ${problem}`),
    ]),
    ...problemsOf(run).map((problem) => `  PROBLEM ${problem}`),
    ...run.refused.map((request) => `  refused: ${request}`),
  ];
}

/** The cells of a table, by the names of their rows. */
export function cellsOf(kind: ClientKind, runs: readonly NamedRun[]): Record<string, string> {
  const byName = new Map(runs.map((run) => [run.name, run]));
  const [streams, http] = [byName.get('unattended'), byName.get('http')];
  return {
    'revision, standard streams': streams?.wire.revision ?? 'unknown',
    'revision, HTTP': http?.wire.revision ?? 'not tried',
    'asks a person with': streams?.wire.asksWith ?? 'unknown',
    'ends the server with': streams?.wire.endings.join(', ') ?? 'unknown',
    ...scenarioCells(kind, runs),
    'the same over HTTP': http === undefined ? 'not tried' : yesOrNo(wentWell(http)),
  };
}

function scenarioCells(kind: ClientKind, runs: readonly NamedRun[]): Record<string, string> {
  const cells: Record<string, string> = {};
  const played = runs.filter(({ name }) => name !== 'http');
  for (const { name: run, scenarios } of played) {
    const isDenied = kind.decisions[run] === 'denied';
    for (const { name, problems } of scenarios) {
      const isRight = problems.length === 0;
      cells[name] = isRight && isDenied && name.includes('`ask`') ? 'denied' : yesOrNo(isRight);
    }
  }
  return cells;
}

/** What is wrong besides the scenarios. */
function problemsOf({ name, scenarios, notes, problems }: NamedRun): readonly string[] {
  const isCancelled = notes.includes('hanging') && notes.includes('cancelled');
  return [
    ...problems,
    ...(scenarios.length === 0 ? ['The tools were not offered'] : []),
    ...(name === 'steered' && !isCancelled ? ['The hanging call was not cancelled'] : []),
    ...(notes.includes('ended') ? [] : ['The nested server was not ended']),
  ];
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
