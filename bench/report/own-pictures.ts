import * as Plot from '@observablehq/plot';
import type { ReportedMeasurement } from '../support/bench-report.ts';
import { type Reports, suiteOf } from './figures.ts';
import { COLOURS, LINE_COLOUR, type Picture } from './picture.ts';

const WIDTH = 860;
const HEIGHT = 380;
const DEADLINE_MS = 100;

/** One point of a line. */
interface Point {
  readonly x: number;
  readonly series: string;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** The pictures of what this project does by itself. */
export function ownPictures(reports: Reports): readonly Picture[] {
  return [
    deadline(reports),
    deadlineOfPlaces(reports),
    deadlineOfCells(reports),
    standstill(reports),
    scale(reports),
    memory(reports),
    payload(reports),
    soak(reports),
  ].filter((picture) => picture !== null);
}

function deadline(reports: Reports): Picture | null {
  const points = suiteOf(reports, 'shutdown').filter(
    ({ dimensions }) =>
      dimensions?.cells === 1 &&
      dimensions.end === 'terminate' &&
      dimensions.of === 'tools' &&
      // It would lie under the others.
      dimensions.manner !== '100 ms to notice',
  );
  return linePicture(points, (each) => String(each.dimensions?.manner), 'callbacks', {
    name: 'shutdown-callbacks',
    title: 'Does it matter how many callbacks there are, or how they behave?',
    subtitle:
      'From terminate() to its answer, by how callbacks take their cancellation; dots are medians, bars reach to the 95th percentile.',
    xLabel: 'callbacks that run when the cell is terminated, logarithmic →',
    yLabel: '↑ milliseconds',
    rule: DEADLINE_MS,
  });
}

function deadlineOfPlaces(reports: Reports): Picture | null {
  const suites = ['shutdown', 'shutdown-process', 'shutdown-hosted'];
  const points = suites
    .flatMap((suite) => suiteOf(reports, suite))
    .filter(
      ({ dimensions }) =>
        dimensions?.cells === 1 &&
        dimensions.end === 'terminate' &&
        dimensions.of === 'tools' &&
        /^(cooperative|stubborn)$/.test(String(dimensions.manner)),
    );
  const series = ({ dimensions }: ReportedMeasurement) =>
    `${dimensions?.manner}, ${dimensions?.place}`;
  return linePicture(points, series, 'callbacks', {
    name: 'shutdown-places',
    title: 'Does it matter where the session runs?',
    subtitle:
      'From terminate() to its answer, in process, through sandbox processes, and over the wire; dots are medians, bars reach to the 95th percentile.',
    xLabel: 'callbacks that run when the cell is terminated, logarithmic →',
    yLabel: '↑ milliseconds',
    rule: DEADLINE_MS,
  });
}

function deadlineOfCells(reports: Reports): Picture | null {
  const points = suiteOf(reports, 'shutdown').filter(
    ({ dimensions }) => String(dimensions?.end).startsWith('close') && dimensions?.callbacks !== 0,
  );
  const series = ({ name }: ReportedMeasurement) =>
    name
      .replace(', notifications, of a program that has ended', ', during the drain')
      .replace(', both', '');
  return linePicture(points, series, 'cells', {
    name: 'shutdown-cells',
    title: 'Does it matter how many cells are closed together?',
    subtitle:
      'From close() to its answer, ten callbacks in each cell; dots are medians, bars reach to the 95th percentile.',
    xLabel: 'live cells of the session, logarithmic →',
    yLabel: '↑ milliseconds',
    rule: DEADLINE_MS,
  });
}

function standstill(reports: Reports): Picture | null {
  const points = suiteOf(reports, 'shutdown-lag').filter(({ dimensions }) => dimensions);
  const series = ({ dimensions }: ReportedMeasurement) =>
    `${dimensions?.manner}, ${dimensions?.place}`;
  return linePicture(points, series, 'callbacks', {
    name: 'shutdown-lag',
    title: 'For how long does the embedding process stand still meanwhile?',
    subtitle:
      'Longest time between two turns of its event loop during terminate(); dots are medians, bars reach to the 95th percentile.',
    xLabel: 'callbacks that run when the cell is terminated, logarithmic →',
    yLabel: '↑ milliseconds',
  });
}

function scale(reports: Reports): Picture | null {
  const points = [...suiteOf(reports, 'scale-cells'), ...suiteOf(reports, 'scale-sessions')].filter(
    ({ group }) => group.startsWith('text(1 + 1)'),
  );
  const series = ({ dimensions }: ReportedMeasurement) =>
    `beside live ${dimensions?.of}, ${dimensions?.place}`;
  return linePicture(points, series, 'live', {
    name: 'scale-latency',
    title: 'Does a cell take longer when many others are alive?',
    subtitle: 'text(1 + 1) to its result; dots are medians, bars reach to the 95th percentile.',
    xLabel: 'live cells, or sessions with a live cell each, logarithmic →',
    yLabel: '↑ milliseconds',
  });
}

function memory(reports: Reports): Picture | null {
  const points = [...suiteOf(reports, 'scale-cells'), ...suiteOf(reports, 'scale-sessions')].filter(
    ({ group }) => group.startsWith('memory'),
  );
  const series = ({ dimensions }: ReportedMeasurement) => `${dimensions?.of}, ${dimensions?.place}`;
  return linePicture(points, series, 'live', {
    name: 'scale-memory',
    title: 'What does each of many live cells and sessions hold?',
    subtitle:
      'Resident memory of the whole process tree for each. A session in sandbox processes has one to itself until all are taken.',
    xLabel: 'live cells, or sessions with a live cell each, logarithmic →',
    yLabel: '↑ MiB, logarithmic',
    logarithmic: true,
  });
}

function payload(reports: Reports): Picture | null {
  const points = suiteOf(reports, 'payloads').filter(({ dimensions }) => dimensions);
  return linePicture(points, ({ name }) => name, 'bytes', {
    name: 'payload',
    title: 'What does it cost to carry a value to a tool and back?',
    subtitle: 'One round trip; dots are medians, bars reach to the 95th percentile.',
    xLabel: 'bytes of text, logarithmic →',
    yLabel: '↑ milliseconds, logarithmic',
    logarithmic: true,
  });
}

function soak({ soak: report }: Reports): Picture | null {
  const points = report?.results.filter(({ group }) => group.includes('memory')) ?? [];
  return linePicture(points, () => 'memory of the whole tree', 'minute', {
    name: 'soak',
    title: 'Does memory grow over time?',
    subtitle: 'Resident memory of the whole process tree while sessions come and go.',
    xLabel: 'minutes →',
    yLabel: '↑ MiB',
    linearX: true,
  });
}

interface LineOptions extends Pick<Picture, 'name' | 'title' | 'subtitle'> {
  readonly xLabel: string;
  readonly yLabel: string;
  /** A level that is marked across the picture. */
  readonly rule?: number;
  readonly logarithmic?: boolean;
  readonly linearX?: boolean;
}

function linePicture(
  measurements: readonly ReportedMeasurement[],
  seriesOf: (measurement: ReportedMeasurement) => string,
  axis: string,
  options: LineOptions,
): Picture | null {
  if (measurements.length === 0) return null;
  const points: readonly Point[] = measurements.map((each) => {
    const { p50, p95, max } = each;
    return { x: Number(each.dimensions?.[axis]), series: seriesOf(each), p50, p95, max };
  });
  const series = [...new Set(points.map((point) => point.series))];
  const colourOf = (name: string) => COLOURS[series.indexOf(name) % COLOURS.length]!;
  const { name, title, subtitle, rule } = options;
  const domain = options.logarithmic
    ? logDomain(points.flatMap(({ p50, p95 }) => [p50, p95]))
    : [0, Math.max(...points.map(({ p95 }) => p95), (rule ?? 0) * 1.2) * 1.04];
  const yTicks = options.logarithmic ? logTicks(domain) : linearTicks(domain[1]!);
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const xTicks = options.linearX ? linearTicks(xs.at(-1) ?? 1) : xs;
  const stroke = (point: Point) => colourOf(point.series);
  return {
    name,
    title,
    subtitle,
    legend: series.map((label) => ({ label, colour: colourOf(label) })),
    plot: {
      width: WIDTH,
      height: HEIGHT,
      marginLeft: 62,
      marginBottom: 46,
      marginRight: 24,
      marginTop: 26,
      x: { type: options.linearX ? 'linear' : 'log', label: options.xLabel, inset: 14 },
      y: { type: options.logarithmic ? 'log' : 'linear', label: options.yLabel, domain },
      marks: [
        Plot.gridY(yTicks, { stroke: 'currentColor', strokeOpacity: 0.12 }),
        Plot.axisY(yTicks, { text: number, label: options.yLabel }),
        Plot.axisX(xTicks, { text: axis === 'bytes' ? bytes : number, label: options.xLabel }),
        ...(rule === undefined ? [] : ruleMarks(rule, xs)),
        Plot.ruleX(points, {
          x: 'x',
          y1: 'p50',
          y2: 'p95',
          stroke,
          strokeWidth: 3,
          strokeOpacity: 0.35,
        }),
        Plot.line(points, { x: 'x', y: 'p50', z: 'series', stroke, strokeWidth: 2 }),
        Plot.dot(points, { x: 'x', y: 'p50', fill: stroke, r: 3.5 }),
      ],
    },
  };
}

function ruleMarks(level: number, xs: readonly number[]): Plot.Markish[] {
  return [
    Plot.ruleY([level], { stroke: LINE_COLOUR, strokeDasharray: '5 4', strokeWidth: 1.5 }),
    Plot.text([level], {
      x: () => xs[0],
      y: level,
      text: () => `the shared deadline, ${level} ms`,
      textAnchor: 'start',
      dx: 8,
      dy: -14,
      fill: LINE_COLOUR,
      fontWeight: 600,
    }),
  ];
}

/** A domain that begins and ends where a tick could be. */
function logDomain(values: readonly number[]): readonly number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const ticks = roundNumbers(low / 10, high * 10);
  return [ticks.findLast((tick) => tick <= low)!, ticks.find((tick) => tick >= high)!];
}

/** 1, 2, 5, 10 …, or powers of ten where that would be too many. */
function logTicks([low = 1, high = 10]: readonly number[]): readonly number[] {
  const all = roundNumbers(low, high);
  return all.length <= 10 ? all : all.filter((tick) => Number.isInteger(Math.log10(tick)));
}

/** 1, 2, 5 times powers of ten. */
function roundNumbers(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(low));
  const decades = Math.ceil(Math.log10(high)) - first + 1;
  return Array.from({ length: decades }, (_, n) => [1, 2, 5].map((step) => `${step}e${first + n}`))
    .flat()
    .map(Number)
    .filter((tick) => tick >= low && tick <= high);
}

/** Four to nine round numbers from nothing on. */
function linearTicks(high: number): readonly number[] {
  const decade = 10 ** Math.floor(Math.log10(high / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).findLast((each) => high / each >= 4);
  const distance = step ?? decade;
  return Array.from({ length: Math.floor(high / distance) + 1 }, (_, n) =>
    Number((n * distance).toPrecision(6)),
  );
}

function number(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en', { maximumSignificantDigits: 6 });
}

function bytes(value: number): string {
  if (value >= 1 << 20) return `${value / (1 << 20)} MiB`;
  return value >= 1 << 10 ? `${value / (1 << 10)} KiB` : `${value} B`;
}
