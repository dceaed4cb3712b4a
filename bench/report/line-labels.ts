import type * as Plot from '@observablehq/plot';
import { CHARACTER_WIDTH, FONT_SIZE, PANEL_WIDTH } from './picture.ts';

/** The name of a line, and its end point. */
export interface LineEnd {
  readonly label: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
}

type PlotDocument = Parameters<Plot.RenderFunction>[4]['document'];

const LINE_HEIGHT = 16;
/** The gap between the end of a line and its name. */
const LEADER = 14;

/** The width of the names on the right of a panel. */
export function labelsWidth(labels: readonly string[]): number {
  return Math.max(...labels.map((label) => label.length)) * CHARACTER_WIDTH + LEADER + 6;
}

/** Writes each line's name at its end, below each other if lines end close together. */
export function labelMark(ends: readonly LineEnd[]): Plot.Markish {
  return (_index, { x, y }, _values, { marginRight, height, marginBottom }, { document }) => {
    const left = PANEL_WIDTH - marginRight + LEADER;
    const group = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    const wanted = ends.map((end) => ({ ...end, px: x?.(end.x) ?? 0, py: y?.(end.y) ?? 0 }));
    const sorted = wanted.toSorted((a, b) => a.py - b.py);
    const places = apart(
      sorted.map(({ py }) => py),
      height - marginBottom,
    );
    sorted.forEach(({ label, colour, px, py }, n) => {
      const place = places[n]!;
      group.append(
        element(document, 'path', {
          d: `M${px + 5},${py.toFixed(1)}L${left - 3},${place.toFixed(1)}`,
          stroke: colour,
          fill: 'none',
        }),
        element(
          document,
          'text',
          {
            class: 'line-label',
            'text-anchor': 'start',
            x: left,
            y: (place + FONT_SIZE / 3).toFixed(1),
          },
          label,
        ),
      );
    });
    return group;
  };
}

/** Moves positions apart that are closer than a line of text, in order; above `lowest`. */
function apart(sorted: readonly number[], lowest: number): readonly number[] {
  const places: number[] = [];
  for (const wanted of sorted) {
    places.push(Math.max(wanted, (places.at(-1) ?? Number.NEGATIVE_INFINITY) + LINE_HEIGHT));
  }
  let below = lowest + LINE_HEIGHT / 2;
  for (let n = places.length - 1; n >= 0; n -= 1) {
    places[n] = Math.min(places[n]!, below - LINE_HEIGHT / 2);
    below = places[n]! - LINE_HEIGHT / 2;
  }
  return places;
}

function element(
  document: PlotDocument,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  text = '',
) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(text);
  if (name === 'text') made.setAttribute('fill', 'currentColor');
  return made;
}
