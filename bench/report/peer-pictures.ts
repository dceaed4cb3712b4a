import * as Plot from '@observablehq/plot';
import {
  failureText,
  measuredPeers,
  peerFigure,
  type Reports,
  short,
  withUnit,
} from './figures.ts';
import { OTHER_COLOUR, OWN_COLOUR } from './palette.ts';
import { QUESTIONS, type Question } from './peer-questions.ts';
import type { Panel, Picture } from './picture.ts';

const ROW_HEIGHT = 20;
const NAMES_WIDTH = 182;

/** One dot, or one word if there is no figure. */
interface Mark {
  readonly peer: string;
  readonly value: number | null;
  readonly text: string;
  readonly colour: string;
}

/** The pictures that compare all peers. */
export function peerPictures(reports: Reports): readonly Picture[] {
  return reports.peers === null ? [] : QUESTIONS.map((question) => pictureOf(reports, question));
}

function pictureOf(reports: Reports, question: Question): Picture {
  const { name, title, unit, columns } = question;
  const all = columns.map(({ task, label }) => ({ label, marks: marksOf(reports, task) }));
  const values = all.flatMap(({ marks }) => marks.flatMap(({ value }) => value ?? []));
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values) * 10));
  const peers = measuredPeers(reports).map(({ id }) => id);
  const isShown = (peer: string) =>
    all.some(({ marks }) => marks.some((mark) => mark.peer === peer && mark.text !== NOT_OFFERED));
  const shown = peers.filter(isShown);
  const left = peers.filter((peer) => !isShown(peer));
  const rest = left.length === 0 ? '' : ` Not offered by ${left.join(', ')}.`;
  return {
    name,
    title,
    answer: answerOf(reports, question),
    note: `${question.note} Blue squares are this project.${rest}`,
    panels: all.map(({ label, marks }) => panelOf(label, marks, shown, [low, high], unit)),
  };
}

const NOT_OFFERED = 'not offered';

function panelOf(
  heading: string,
  marks: readonly Mark[],
  peers: readonly string[],
  domain: readonly [number, number],
  unit: string,
): Panel {
  const rows = marks.filter(({ peer }) => peers.includes(peer));
  const dots = rows.filter(({ value }) => value !== null);
  const words = rows.filter(({ value }) => value === null);
  const ticks = ticksBetween(domain);
  const text = { y: 'peer', text: 'text', textAnchor: 'start', fill: 'currentColor' } as const;
  return {
    heading,
    height: peers.length * ROW_HEIGHT + 52,
    plot: {
      marginLeft: NAMES_WIDTH,
      marginTop: 4,
      marginBottom: 40,
      marginRight: 8,
      x: { type: 'log', domain },
      y: { domain: peers, label: null, tickSize: 0 },
      marks: [
        Plot.gridX(ticks, { stroke: 'currentColor', strokeOpacity: 0.12 }),
        // A label at the very edge would not fit.
        Plot.axisX(
          ticks.filter((tick) => tick < domain[1]),
          {
            text: (value: number) => value.toLocaleString('en'),
            label: `${unit} (logarithmic) →`,
            labelArrow: 'none',
          },
        ),
        Plot.axisY(peers, { label: null, tickSize: 0 }),
        Plot.ruleY(dots, { y: 'peer', x1: domain[0], x2: 'value', stroke: 'colour' }),
        Plot.dot(dots, {
          x: 'value',
          y: 'peer',
          fill: 'colour',
          r: 4,
          symbol: ({ colour }: Mark) => (colour === OWN_COLOUR ? 'square' : 'circle'),
        }),
        Plot.text(dots, { ...text, x: 'value', dx: 9 }),
        Plot.text(words, { ...text, x: domain[0], dx: 6, fontStyle: 'italic' }),
      ],
    },
  };
}

function marksOf(reports: Reports, task: string): readonly Mark[] {
  return measuredPeers(reports).map(({ id, own }) => {
    const figure = peerFigure(reports, task, id);
    const value = figure?.figures?.p50 ?? null;
    const word = figure === null ? 'not asked' : failureText(figure);
    return {
      peer: id,
      value: value === null ? null : Math.max(value, 0.01),
      text: value === null ? word : short(value),
      colour: own ? OWN_COLOUR : OTHER_COLOUR,
    };
  });
}

/** The figures of this project in each place, and the range of the others. */
function answerOf(reports: Reports, { lead, work, unit }: Question): string {
  const figures = measuredPeers(reports).flatMap(({ id, own }) => {
    const p50 = peerFigure(reports, lead, id)?.figures?.p50;
    if (p50 === undefined || id.startsWith('baseline')) return [];
    return [{ own, p50, text: `${withUnit(p50, unit)} (${id})` }];
  });
  const ours = figures.filter(({ own }) => own).map(({ text }) => text);
  const others = figures.filter(({ own }) => !own).toSorted((a, b) => a.p50 - b.p50);
  const [least, most] = [others.at(0), others.at(-1)];
  const range = least && most ? ` The others: ${least.text} to ${most.text}.` : '';
  return `${work} ${ours.join(', ') || 'an unknown time'}.${range}`;
}

/** Every power of ten, or every second one if that would be too many. */
function ticksBetween([low, high]: readonly [number, number]): readonly number[] {
  const first = Math.round(Math.log10(low));
  const count = Math.round(Math.log10(high)) - first + 1;
  const step = count > 5 ? 2 : 1;
  return Array.from({ length: Math.ceil(count / step) }, (_, n) => 10 ** (first + n * step));
}
