import type { Unit } from '../support/measurement.ts';
import { measurementOf, peerFigure, type Reports, short, withUnit } from './figures.ts';

const HOSTED = 'cellhost hosted';
const CODEX = '@openai/codex';
const HOSTED_GRPC = 'cellhost hosted, gRPC';
const CODEX_GRPC = '@openai/codex, gRPC';
const BASELINE = 'baseline node:vm';
const BARE_HOST = 'baseline bare host';

/** A target of this project, and the measured figure. */
export interface TargetRow {
  readonly work: string;
  readonly target: string;
  readonly peer: string;
  readonly ours: string;
  readonly ratio: string;
  /** What the bare host takes; in one process, isolated-vm or two threads with nothing around them. */
  readonly floor: string;
  readonly mark: 'reached' | 'missed' | 'not measured';
  /** Why it was missed, for readers. */
  readonly cause: string;
}

/** The target of a task: at most a share of a peer's figure, at most a bound, or at least a bound. */
type Wanted =
  /** `task` if the peer's figure is of another task. */
  | { readonly share: number; readonly of: string; readonly task?: string }
  | { readonly atMost: number }
  | { readonly atLeast: number };

interface HostedTarget {
  readonly work: string;
  readonly task: string;
  readonly wanted: Wanted;
  readonly cause: string;
}

const CHECKED =
  'A checked cell runs much more code than the bare host does, and in a fresh process Node.js runs it much slower. Each cell has a context of its own, which takes V8 0.2 to 0.4 ms.';
const HOPS =
  'A call crosses three processes and back, the peer’s two. On this machine, waking a sleeping process takes longer than all work on the message. `npm run bench -- --only transports` shows that for bare pipes.';
const SWITCHES =
  'A call switches threads four times: out of the isolate, into it, and through the queue between. Where processors sleep, as on this machine, waking one takes longer than all else.';
const FIRST =
  'Each line is measured in a fresh process, and Node.js runs code much slower the first times.';

const HOSTED_TARGETS: readonly HostedTarget[] = [
  { work: 'cell `text(1+1)`', task: 'cell', wanted: { share: 0.4, of: CODEX }, cause: CHECKED },
  { work: '100 cells at once', task: 'crowd', wanted: { share: 0.3, of: CODEX }, cause: CHECKED },
  {
    work: '1,000 tool calls in a row',
    task: 'row-1000',
    wanted: { share: 1, of: CODEX },
    cause: HOPS,
  },
  {
    work: '100 tool calls at once',
    task: 'at-once-100',
    wanted: { share: 0.6, of: CODEX },
    cause: FIRST,
  },
  { work: '1,000 tool calls at once', task: 'at-once-1000', wanted: { atMost: 25 }, cause: FIRST },
  {
    work: '10,000 tool calls at once',
    task: 'at-once-10000',
    wanted: { atMost: 150 },
    cause: FIRST,
  },
  {
    work: '1 MiB tool round trip',
    task: 'payload',
    wanted: { share: 0.8, of: CODEX },
    cause:
      'The value crosses four pipes as JSON text, the peer’s two, and is held whole between them, in the bare host, too; ours also checks that it is JSON.',
  },
  { work: 'terminate a busy loop', task: 'stop-busy', wanted: { atMost: 2 }, cause: FIRST },
  {
    work: 'terminate, a stubborn callback',
    task: 'stop-stubborn',
    wanted: { atMost: 2 },
    cause: FIRST,
  },
  {
    work: 'memory of a live cell',
    task: 'memory',
    wanted: { atMost: 1.5 },
    cause: 'An isolate with its context and helpers takes 1.3 MiB.',
  },
  {
    work: 'start to ready',
    task: 'greeting',
    wanted: { share: 1.3, of: BASELINE, task: 'start' },
    cause: 'Most of it is the start of Node.js; the rest loads the streams and one file of ours.',
  },
  {
    work: 'hostile cells survived, of 14',
    task: 'hostile',
    wanted: { atLeast: 14 },
    cause: 'The full figures list them.',
  },
];

/** A figure of the two hosts over gRPC. */
export interface GrpcRow {
  readonly work: string;
  readonly peer: string;
  readonly ours: string;
  readonly ratio: string;
}

/** The host beside the Codex host, both over gRPC; empty if they were not measured. */
export function grpcRows(reports: Reports): readonly GrpcRow[] {
  return HOSTED_TARGETS.flatMap(({ work, task }) => {
    const ours = peerFigure(reports, task, HOSTED_GRPC);
    const peer = peerFigure(reports, task, CODEX_GRPC);
    if (ours === null || peer === null) return [];
    const [a, b] = [ours.figures?.p50, peer.figures?.p50];
    const shown = (figure: typeof ours, value: number | undefined) =>
      value === undefined ? (figure.failures[0]?.kind ?? '–') : withUnit(value, figure.unit);
    const isRatio = a !== undefined && b !== undefined && task !== 'hostile';
    const ratio = isRatio ? `${short(a / b)} ×` : '–';
    return [{ work, peer: shown(peer, b), ours: shown(ours, a), ratio }];
  });
}

/** The targets of the host against the Codex host, which runs beside it. */
export function hostedTargets(reports: Reports): readonly TargetRow[] {
  return HOSTED_TARGETS.map(({ work, task, wanted, cause }) => {
    const ours = peerFigure(reports, task, HOSTED);
    const found = ours?.figures?.p50 ?? null;
    const codex = peerFigure(reports, task, CODEX);
    const bare = peerFigure(reports, task, BARE_HOST)?.figures?.p50;
    const unit = ours?.unit ?? codex?.unit ?? 'ms';
    const peer = codex?.figures?.p50 ?? null;
    return {
      work,
      target: textOf(wanted, unit),
      peer: peer === null ? (codex?.failures[0]?.kind ?? '–') : withUnit(peer, unit),
      ours: found === null ? (ours?.failures[0]?.kind ?? '–') : withUnit(found, unit),
      floor: bare === undefined || 'atLeast' in wanted ? '–' : withUnit(bare, unit),
      ratio:
        found === null || peer === null || 'atLeast' in wanted ? '–' : `${short(found / peer)} ×`,
      mark:
        'atLeast' in wanted
          ? markOf(wanted.atLeast, found)
          : markOf(found, boundOf(wanted, task, reports)),
      cause,
    };
  });
}

function textOf(wanted: Wanted, unit: Unit): string {
  if ('atLeast' in wanted) return `≥ ${withUnit(wanted.atLeast, unit)}`;
  if ('atMost' in wanted) return `≤ ${withUnit(wanted.atMost, unit)}`;
  return `≤ ${wanted.share} × ${wanted.of === CODEX ? '' : '`node -e 0`'}`.trim();
}

function boundOf(
  wanted: Exclude<Wanted, { readonly atLeast: number }>,
  task: string,
  reports: Reports,
): number | null {
  if ('atMost' in wanted) return wanted.atMost;
  const of = peerFigure(reports, wanted.task ?? task, wanted.of)?.figures?.p50;
  return of === undefined ? null : wanted.share * of;
}

/** A figure of the benches with an upper bound. */
interface OwnTarget {
  readonly work: string;
  readonly suite: string;
  readonly group: RegExp;
  readonly name: RegExp;
  readonly atMost: number;
  readonly cause: string;
  /** The name of what was measured in the same group with nothing around it. Default: nothing. */
  readonly floor?: RegExp;
}

const OWN_TARGETS: readonly OwnTarget[] = [
  {
    work: 'a warm cell, right after another',
    suite: 'cell-start',
    group: /right after another/,
    name: /^warm cell/,
    atMost: 0.2,
    cause:
      'Each cell has a context of its own, which V8 makes in about that time, and this thread waits for another one that enters it.',
    floor: /a new context in a used isolate/,
  },
  {
    work: 'a tool call, right after another',
    suite: 'tool-calls',
    group: /one round trip after the other/,
    name: /^tool call$/,
    atMost: 40,
    cause: SWITCHES,
    floor: /postMessage to a worker and back/,
  },
  {
    work: 'a tool call, 1,000 in a row in a new isolate',
    suite: 'tool-calls',
    group: /many/,
    name: /^1000 tool calls in a row/,
    atMost: 70,
    cause: SWITCHES,
    floor: /1000 calls in a row through its thread/,
  },
  {
    work: 'a tool call, 1,000 at once',
    suite: 'tool-calls',
    group: /many/,
    name: /^1000 tool calls at once/,
    atMost: 10,
    cause: FIRST,
  },
  {
    work: 'a tool call, 10,000 at once',
    suite: 'tool-calls',
    group: /many/,
    name: /^10000 tool calls at once/,
    atMost: 10,
    cause: FIRST,
  },
  {
    work: 'terminate a cell with 1,000 stubborn callbacks',
    suite: 'shutdown',
    group: /one cell, 1000 callbacks/,
    name: /^stubborn, tools$/,
    atMost: 105,
    cause: 'The grace period is 100 ms. The rest is timers and cancellation.',
  },
  {
    work: 'close 100 cells with ten stubborn callbacks each',
    suite: 'shutdown',
    group: /^100 cells together/,
    name: /^stubborn, both$/,
    atMost: 105,
    cause: 'The grace period is 100 ms. The rest is timers and cancellation.',
  },
];

/** The targets of the embedded runtime, in process. */
export function ownTargets(reports: Reports): readonly TargetRow[] {
  return OWN_TARGETS.map(({ work, suite, group, name, atMost, cause, floor }) => {
    const found = measurementOf(reports, suite, group, name);
    const unit = found?.unit ?? 'ms';
    return {
      work,
      target: `≤ ${withUnit(atMost, unit)}`,
      peer: '–',
      ours: found === null ? '–' : withUnit(found.p50, unit),
      ratio: '–',
      floor: floorOf(reports, suite, group, floor),
      mark: markOf(found?.p50 ?? null, atMost),
      cause,
    };
  });
}

function floorOf(reports: Reports, suite: string, group: RegExp, name?: RegExp): string {
  const floor = name === undefined ? null : measurementOf(reports, suite, group, name);
  return floor === null ? '–' : withUnit(floor.p50, floor.unit);
}

function markOf(found: number | null, bound: number | null): TargetRow['mark'] {
  if (found === null || bound === null) return 'not measured';
  return found <= bound ? 'reached' : 'missed';
}
