import * as Plot from '@observablehq/plot';
import type { ReportedMeasurement } from '../support/bench-report.ts';
import { short } from './figures.ts';
import { type LineEnd, labelMark, labelsWidth } from './line-labels.ts';
import { COLOURS, LEVEL_COLOUR, SYMBOLS } from './palette.ts';
import { CHARACTER_WIDTH, PANEL_WIDTH, type Panel, type Picture } from './picture.ts';
import { linearTicks, logDomain, logTicks, ticksThatFit } from './ticks.ts';

/** A measurement, and its position. */
export interface Placed {
  readonly panel: string;
  readonly series: string;
  readonly x: number;
  readonly measurement: ReportedMeasurement;
}

/** The options of a line picture. */
export interface LineOptions extends Pick<Picture, 'name' | 'title' | 'answer'> {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly formatX?: (value: number) => string;
  /** Whether the upper axis is logarithmic. Default: it begins at 0. */
  readonly logarithmic?: boolean;
  /** Whether the lower axis begins at 0. Default: it is logarithmic. */
  readonly linearX?: boolean;
  /** A level that is marked across the picture. */
  readonly level?: { readonly value: number; readonly label: string };
}

/** The scales that all panels of a picture share, so that they can be compared. */
interface Frame extends LineOptions {
  readonly names: readonly string[];
  readonly xs: readonly number[];
  readonly yDomain: readonly [number, number];
  readonly marginRight: number;
}

const NOTE = 'Dots are medians. Thin bars reach to the 95th percentile.';
const PANEL_HEIGHT = 210;
const MARGIN_LEFT = 50;
const MARGIN_BOTTOM = 42;
const INSET = 10;

/** @throws If a line has two values at the same position: two series would be drawn as one. */
export function linePicture(placed: readonly Placed[], options: LineOptions): Picture | null {
  if (placed.length === 0) return null;
  const names = [...new Set(placed.map(({ series }) => series))];
  const tops = placed.map(({ measurement: { p50, p95 } }) => Math.max(p50, p95));
  const frame: Frame = {
    ...options,
    names,
    xs: [...new Set(placed.map(({ x }) => x))].toSorted((a, b) => a - b),
    yDomain: options.logarithmic
      ? logDomain([...tops, ...placed.map(({ measurement: { p50 } }) => p50)])
      : [0, Math.max(...tops, (options.level?.value ?? 0) * 1.2) * 1.04],
    marginRight: labelsWidth(names),
  };
  const panels = Map.groupBy(placed, ({ panel }) => panel);
  return {
    name: options.name,
    title: options.title,
    answer: options.answer,
    note: NOTE,
    panels: [...panels].map(([heading, points]) => panelOf(heading, points, frame)),
  };
}

function panelOf(heading: string, points: readonly Placed[], frame: Frame): Panel {
  checkLines(points, frame.name);
  const { yDomain, linearX = false, logarithmic = false, marginRight, xLabel, yLabel } = frame;
  const yTicks = logarithmic ? logTicks(yDomain) : linearTicks(yDomain[1]);
  const format = frame.formatX ?? short;
  const lines = [...Map.groupBy(points, ({ series }) => series)];
  return {
    heading,
    height: PANEL_HEIGHT,
    plot: {
      marginLeft: MARGIN_LEFT,
      marginTop: 26,
      marginBottom: MARGIN_BOTTOM,
      marginRight,
      x: {
        type: linearX ? 'linear' : 'log',
        domain: [linearX ? 0 : frame.xs[0]!, frame.xs.at(-1)!],
        inset: INSET,
      },
      y: { type: logarithmic ? 'log' : 'linear', domain: yDomain },
      marks: [
        Plot.gridY(yTicks, { stroke: 'currentColor', strokeOpacity: 0.12 }),
        Plot.axisY(yTicks, { text: short, label: yLabel, labelArrow: 'none' }),
        Plot.axisX(xTicksOf(frame, format), { text: format, label: xLabel, labelArrow: 'none' }),
        ...levelMarks(frame),
        ...lines.flatMap(([series, each]) => lineMarks(each, frame.names.indexOf(series))),
        labelMark(lines.map(([series, each]) => endOf(each, frame.names.indexOf(series)))),
      ],
    },
  };
}

/** A duplicate name would join two lines. */
function checkLines(points: readonly Placed[], picture: string): void {
  const seen = new Set<string>();
  for (const { series, x } of points) {
    const key = `${series} at ${x}`;
    if (seen.has(key)) throw new Error(`Cannot draw ${picture}: it has ${key} twice`);
    seen.add(key);
  }
}

function lineMarks(placed: readonly Placed[], index: number): readonly Plot.Markish[] {
  const points = placed.map(({ x, measurement: { p50, p95 } }) => ({ x, p50, p95 }));
  const colour = COLOURS[index % COLOURS.length]!;
  const symbol = SYMBOLS[index % SYMBOLS.length]!;
  return [
    Plot.ruleX(points, { x: 'x', y1: 'p50', y2: 'p95', stroke: colour, strokeWidth: 1.5 }),
    Plot.line(points, { x: 'x', y: 'p50', stroke: colour, strokeWidth: 2 }),
    Plot.dot(points, { x: 'x', y: 'p50', fill: colour, r: 3.5, symbol }),
  ];
}

function endOf(points: readonly Placed[], index: number): LineEnd {
  const { series, x, measurement } = points.reduce((a, b) => (b.x > a.x ? b : a));
  return { label: series, colour: COLOURS[index % COLOURS.length]!, x, y: measurement.p50 };
}

function xTicksOf({ xs, linearX, marginRight }: Frame, format: (value: number) => string) {
  const [first, last] = [linearX ? 0 : xs[0]!, xs.at(-1)!];
  const scale = linearX ? (value: number) => value : Math.log;
  const width = PANEL_WIDTH - MARGIN_LEFT - marginRight - 2 * INSET;
  const place = (value: number) =>
    first === last
      ? width / 2
      : ((scale(value) - scale(first)) / (scale(last) - scale(first))) * width;
  const values = linearX ? linearTicks(last) : xs;
  return ticksThatFit(values, place, (value) => format(value).length * CHARACTER_WIDTH);
}

function levelMarks({ level, xs }: Frame): readonly Plot.Markish[] {
  if (level === undefined) return [];
  const { value, label } = level;
  return [
    Plot.ruleY([value], { stroke: LEVEL_COLOUR, strokeDasharray: '5 4', strokeWidth: 1.5 }),
    Plot.text([value], {
      x: () => xs[0],
      y: value,
      text: () => label,
      textAnchor: 'start',
      dy: 12,
      fill: 'currentColor',
    }),
  ];
}
