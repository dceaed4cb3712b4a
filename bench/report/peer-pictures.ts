import * as Plot from '@observablehq/plot';
import { failureText, measuredPeers, peerFigure, type Reports, short } from './figures.ts';
import { OTHER_COLOUR, OWN_COLOUR, type Picture } from './picture.ts';

const ROW_HEIGHT = 24;
const NAMES_WIDTH = 172;
const COLUMN_WIDTH = 186;

/** What a picture of all peers shows: a column for each task. */
interface Question {
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
  readonly unit: 'ms' | 'MiB';
  readonly columns: readonly { readonly task: string; readonly label: string }[];
}

const QUESTIONS: readonly Question[] = [
  {
    name: 'peers-stop',
    title: 'How long until a stop call is answered?',
    subtitle:
      'Milliseconds from the stop call to its answer, median, logarithmic. Left is better. Embedded cellhost gives callbacks 100 ms to stop.',
    unit: 'ms',
    columns: [
      { task: 'stop-busy', label: 'a busy loop' },
      { task: 'stop-cooperative', label: 'a cooperative callback' },
      { task: 'stop-stubborn', label: 'one that never answers' },
      { task: 'stop-stubborn-1000', label: '1,000 that never answer' },
    ],
  },
  {
    name: 'peers-cells',
    title: 'How long does a program take from start to answer?',
    subtitle: 'Milliseconds, median, logarithmic. Left is better.',
    unit: 'ms',
    columns: [
      { task: 'start-answer', label: 'first answer after start' },
      { task: 'cell', label: 'one cell, 1 + 1' },
      { task: 'crowd', label: '100 cells at once' },
    ],
  },
  {
    name: 'peers-calls',
    title: 'How long do tool calls take?',
    subtitle: 'Milliseconds for all of them together, median, logarithmic. Left is better.',
    unit: 'ms',
    columns: [
      { task: 'row-1000', label: '1,000 in a row' },
      { task: 'at-once-100', label: '100 at once' },
      { task: 'at-once-1000', label: '1,000 at once' },
      { task: 'at-once-10000', label: '10,000 at once' },
      { task: 'payload', label: '1 MiB there and back' },
    ],
  },
  {
    name: 'peers-memory',
    title: 'How much memory does a live cell hold?',
    subtitle:
      'MiB of the whole process tree for each cell that waits for a tool, logarithmic. Left is better.',
    unit: 'MiB',
    columns: [{ task: 'memory', label: 'memory of a live cell' }],
  },
];

/** One dot, or one word where there is no figure. */
interface Mark {
  readonly peer: string;
  readonly column: string;
  readonly value: number | null;
  readonly text: string;
  readonly colour: string;
}

/** The pictures in which all peers stand side by side. */
export function peerPictures(reports: Reports): readonly Picture[] {
  return reports.peers === null ? [] : QUESTIONS.map((question) => pictureOf(reports, question));
}

function pictureOf(reports: Reports, question: Question): Picture {
  const { name, title, subtitle, unit, columns } = question;
  const marks = columns.flatMap((column) => marksOf(reports, column));
  const dots = marks.filter(({ value }) => value !== null);
  const words = marks.filter(({ value }) => value === null);
  const values = dots.map(({ value }) => value ?? 1);
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values) * 10));
  const ticks = ticksBetween(low, high);
  const peers = measuredPeers(reports).map(({ id }) => id);
  const wide = columns.length === 1 ? 2.4 : 1;
  return {
    name,
    title,
    subtitle,
    legend: [
      { label: 'this project', colour: OWN_COLOUR },
      { label: 'others', colour: OTHER_COLOUR },
    ],
    plot: {
      width: NAMES_WIDTH + columns.length * COLUMN_WIDTH * wide,
      height: peers.length * ROW_HEIGHT + 74,
      marginLeft: NAMES_WIDTH,
      marginTop: 34,
      marginBottom: 40,
      marginRight: 8,
      x: {
        type: 'log',
        domain: [low, high],
        label: `${unit}, logarithmic →`,
      },
      y: { domain: peers, label: null, tickSize: 0 },
      fx: { domain: columns.map(({ label }) => label), label: null, padding: 0.08 },
      marks: [
        Plot.gridX(ticks, { stroke: 'currentColor', strokeOpacity: 0.12 }),
        // The last label of a column would run into the first of the next.
        Plot.axisX(ticks.slice(0, -1), { text: (value: number) => value.toLocaleString('en') }),
        Plot.ruleY(dots, {
          y: 'peer',
          fx: 'column',
          x1: low,
          x2: 'value',
          stroke: 'colour',
          strokeWidth: 2.5,
          strokeOpacity: 0.45,
        }),
        Plot.dot(dots, { x: 'value', y: 'peer', fx: 'column', fill: 'colour', r: 4.5 }),
        Plot.text(dots, {
          x: 'value',
          y: 'peer',
          fx: 'column',
          text: 'text',
          dx: 9,
          textAnchor: 'start',
          fill: 'currentColor',
        }),
        Plot.text(words, {
          x: low,
          y: 'peer',
          fx: 'column',
          text: 'text',
          dx: 6,
          textAnchor: 'start',
          fill: 'currentColor',
          fillOpacity: 0.62,
          fontStyle: 'italic',
        }),
      ],
    },
  };
}

function marksOf(reports: Reports, { task, label }: Question['columns'][number]): readonly Mark[] {
  return measuredPeers(reports).map(({ id, own }) => {
    const figure = peerFigure(reports, task, id);
    const value = figure?.figures?.p50 ?? null;
    const word = figure === null ? 'not asked' : failureText(figure);
    return {
      peer: id,
      column: label,
      value: value === null ? null : Math.max(value, 0.01),
      text: value === null ? word : short(value),
      colour: own ? OWN_COLOUR : OTHER_COLOUR,
    };
  });
}

function ticksBetween(low: number, high: number): readonly number[] {
  const first = Math.round(Math.log10(low));
  const count = Math.round(Math.log10(high)) - first + 1;
  const step = count > 5 ? 2 : 1;
  return Array.from({ length: Math.ceil(count / step) }, (_, n) => 10 ** (first + n * step));
}
