import type { PeerFigure } from '../peers/outcome.ts';
import type { ReportedMeasurement } from '../support/bench-report.ts';
import {
  failureText,
  measuredPeers,
  peerFigure,
  type Reports,
  short,
  suiteOf,
  withUnit,
} from './figures.ts';
import { grpcRows, hostedTargets, ownTargets } from './targets.ts';

const MARKS = { reached: '✓ reached', missed: '✗ missed', 'not measured': '· not measured' };

/** A Markdown table. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '*Not measured.*';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The targets of the host, compared with the Codex host. */
export function hostedTargetTable(reports: Reports): string {
  const header = [
    'work',
    '`@openai/codex`',
    'cellhost, hosted',
    'ratio',
    'target',
    '',
    'bare host',
  ];
  return table(
    header,
    hostedTargets(reports).map(({ work, peer, ours, ratio, target, mark, floor }) => {
      return [work, peer, ours, ratio, target, MARKS[mark], floor];
    }),
  );
}

/** The host beside the Codex host, over gRPC. */
export function grpcTable(reports: Reports): string {
  const rows = grpcRows(reports).map(({ work, peer, ours, ratio }) => [work, peer, ours, ratio]);
  if (rows.length === 0) return '*Not measured.*';
  return table(['work', '`@openai/codex`', 'cellhost, hosted', 'ratio'], rows);
}

/** The targets of the embedded runtime. */
export function ownTargetTable(reports: Reports): string {
  const rows = ownTargets(reports);
  return table(
    ['work', 'ours', 'target', '', 'bare'],
    rows.map(({ work, ours, target, mark, floor }) => [work, ours, target, MARKS[mark], floor]),
  );
}

/** Why targets were missed: each cause once, with its rows. */
export function causeList(reports: Reports, which: 'hosted' | 'own'): string {
  const rows = which === 'hosted' ? hostedTargets(reports) : ownTargets(reports);
  const missed = Map.groupBy(
    rows.filter(({ mark }) => mark === 'missed'),
    ({ cause }) => cause,
  );
  const lines = [...missed].map(
    ([cause, all]) => `* ${all.map(({ work }) => work).join(', ')}: ${cause}`,
  );
  return lines.length > 0 ? lines.join('\n') : 'Nothing is missed.';
}

/** Two hosts, measured by another client. */
export function hostsTable({ hosts }: Reports): string {
  const rows = Object.entries(hosts ?? {}).map(([work, { a, b, 'a/b': ratio }]) => [
    work,
    shown(b),
    shown(a),
    typeof ratio === 'number' ? `${short(ratio)} ×` : '–',
  ]);
  return table(['work', '`@openai/codex`', 'cellhost, hosted', 'ratio'], rows);
}

function shown(found: number | string): string {
  return typeof found === 'number' ? short(found) : found.replace(/^FAIL: /, '');
}

/** A row for each peer, a column for each of these tasks; medians. */
export function peerTable(reports: Reports, tasks: readonly string[]): string {
  const titles = tasks.map(
    (id) => reports.peers?.tasks.find((task) => task.id === id)?.title ?? id,
  );
  const rows = measuredPeers(reports).map(({ id }) => [
    `\`${id}\``,
    ...tasks.map((task) => cellOf(peerFigure(reports, task, id))),
  ]);
  return table(['', ...titles], rows);
}

/** Everything about one task: percentiles and failures. */
export function peerDetails(reports: Reports, task: string): string {
  const rows = measuredPeers(reports).flatMap(({ id }) => {
    const figure = peerFigure(reports, task, id);
    if (figure === null) return [];
    const { p50, p95, p99, max, samples } = figure.figures ?? {};
    const value = (each: number | undefined) =>
      each === undefined ? '–' : withUnit(each, figure.unit);
    const numbers = [p50, p95, p99, max].map(value);
    return [[`\`${id}\``, ...numbers, String(samples ?? 0), notesOf(figure)]];
  });
  return table(['', 'p50', 'p95', 'p99', 'max', 'samples', 'remarks'], rows);
}

/** Which peers survived a program that allocates without end. */
export function bombTable(reports: Reports): string {
  const rows = measuredPeers(reports).flatMap(({ id }) => {
    const figure = peerFigure(reports, 'bomb', id);
    if (figure === null) return [];
    const { figures, failures } = figure;
    const unavailable = failures.some(({ kind }) => kind === 'not available');
    const verdict = unavailable ? '· not measured' : failures.length > 0 ? '✗ no' : '✓ yes';
    const peak = figures === null ? '–' : withUnit(figures.max, figure.unit);
    return [[`\`${id}\``, verdict, peak, notesOf(figure)]];
  });
  return table(['', 'survives', 'peak memory', 'how it ended'], rows);
}

/** The peers, and how they were set up. */
export function peerList(reports: Reports): string {
  const rows = measuredPeers(reports).map(({ id, version, node, runsIn, remark, missing }) => [
    `\`${id}\``,
    version,
    node.replace(/^v/, ''),
    runsIn,
    [remark, missing].filter(Boolean).join(' '),
  ]);
  return table(['', 'version', 'Node.js', 'programs run in', 'remarks'], rows);
}

/** The tables of one suite of `npm run bench`. */
export function suiteTables(reports: Reports, suite: string): string {
  const found = suiteOf(reports, suite);
  if (found.length === 0) return '*Not measured.*';
  return [...Map.groupBy(found, ({ group }) => group)]
    .map(([group, members]) => `**${group}**\n\n${measurementTable(members)}`)
    .join('\n\n');
}

/** The results of a long run, by time window. */
export function soakTables({ soak, ...reports }: Reports): string {
  return suiteTables({ ...reports, bench: soak, soak }, 'soak');
}

function measurementTable(members: readonly ReportedMeasurement[]): string {
  return table(
    ['', 'p50', 'p95', 'p99', 'max', 'samples'],
    members.map(({ name, p50, p95, p99, max, unit, samples }) => [
      name,
      ...[p50, p95, p99, max].map((value) => withUnit(value, unit)),
      String(samples),
    ]),
  );
}

function cellOf(figure: PeerFigure | null): string {
  if (figure === null) return '–';
  const p50 = figure.figures?.p50;
  return p50 === undefined ? failureText(figure) : withUnit(p50, figure.unit);
}

function notesOf({ failures, remarks }: PeerFigure): string {
  const trouble = failures.map(({ kind, detail, rounds }) => `${rounds} × ${kind}: ${detail}`);
  return [...trouble, ...remarks].join('; ').replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Date and machine of a report in one sentence, with the warnings of `circumstancesOf`. */
export function machineLine(report: Reports['bench'] | Reports['peers']): string {
  if (report === null) return '*Not measured.*';
  const { date, cpu, cores, memoryMiB, platform, node } = report;
  const where = `${cpu}, ${cores} cores, ${short(memoryMiB / 1_024)} GiB, ${platform}`;
  const line = `Measured on ${date.slice(0, 10)}: ${where}, Node.js ${node.replace(/^v/, '')}.`;
  return [line, warningOf(report)].filter((each) => each !== '').join(' ');
}

/** Why the figures of a report are unreliable; empty if they are not. */
function warningOf(report: NonNullable<Reports['bench'] | Reports['peers']>): string {
  const hurried = report.kind === 'peers' ? report.quick : report.once;
  if (hurried)
    return '**A quick run: it only shows that everything runs. Its figures mean nothing.**';
  return report.load > report.cores ? '**The machine was busy: the figures are too high.**' : '';
}

/** Machine, date, versions and command of a report, with a warning if its figures are unreliable. */
export function circumstancesOf(report: Reports['bench'] | Reports['peers']): string {
  if (report === null) return '*Not measured.*';
  const { date, commit, cpu, cores, memoryMiB, platform, load, node, v8, isolatedVm } = report;
  const rounds = report.kind === 'peers' ? `, ${report.rounds} rounds` : '';
  const lines = [
    `* Command: \`${report.command}\`${rounds}`,
    `* Date: ${date.slice(0, 10)}; commit ${commit?.replace(/^(.{10}).*?(\+?)$/, '$1$2') ?? 'unknown'}`,
    `* Machine: ${cpu}, ${cores} cores, ${short(memoryMiB / 1_024)} GiB, ${platform}; load at the start ${short(load)}`,
    `* Node.js ${node.replace(/^v/, '')}, V8 ${v8}, isolated-vm ${isolatedVm}`,
  ];
  const warning = warningOf(report);
  return (warning === '' ? lines : [...lines, `* ${warning}`]).join('\n');
}
