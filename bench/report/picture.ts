import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** A picture for a document. */
export interface Picture {
  /** The file, without its ending. */
  readonly name: string;
  /** A question: what the picture answers. */
  readonly title: string;
  readonly subtitle: string;
  readonly legend: readonly LegendEntry[];
  readonly plot: Plot.PlotOptions & { readonly width: number; readonly height: number };
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  readonly dashed?: boolean;
}

/** Colours that can be told apart on light and on dark grounds, and by most who see few of them. */
export const COLOURS = [
  '#4a7be0',
  '#e0861a',
  '#2f9e7a',
  '#d2527f',
  '#8f6bd8',
  '#b39700',
  '#3aa3c2',
  '#a86b4c',
  '#7f8894',
] as const;
export const OWN_COLOUR = COLOURS[0];
export const OTHER_COLOUR = COLOURS[8];
export const LINE_COLOUR = '#d2527f';

const MARGIN = 16;
const TITLE_Y = 34;
const SUBTITLE_Y = 56;
const LEGEND_Y = 80;
const LEGEND_ROW = 20;
const CHARACTER_WIDTH = 6.9;

/**
 * Draws a picture as SVG text, with a ground of its own, for light and dark.
 *
 * The same picture gives the same text.
 */
export function draw({ title, subtitle, legend, plot }: Picture): string {
  const { document } = parseHTML('<html><body></body></html>');
  const drawn = Plot.plot({
    ...plot,
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    style: { background: 'none', fontSize: '12px', overflow: 'visible', ...(plot.style as object) },
  });
  const rows = legendRows(legend, plot.width);
  const top = (legend.length > 0 ? LEGEND_Y + rows.length * LEGEND_ROW : SUBTITLE_Y + 12) - 8;
  const width = plot.width + 2 * MARGIN;
  const height = top + plot.height + MARGIN;
  const inner = drawn.outerHTML
    .replace('<svg ', `<svg aria-hidden="true" x="${MARGIN}" y="${top}" `)
    // Rules of the drawing that outer rules cannot reach would win over ours.
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replaceAll('&nbsp;', '&#160;');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="ground" width="${width}" height="${height}" rx="8"/>
<text class="title" x="${MARGIN}" y="${TITLE_Y}">${escaped(title)}</text>
<text class="subtitle" x="${MARGIN}" y="${SUBTITLE_Y}">${escaped(subtitle)}</text>
${rows.flatMap((row, n) => row.map((entry) => drawEntry(entry, n))).join('\n')}
${inner}
</svg>
`;
}

const STYLE = `
svg { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; color: #1f2328; }
.ground { fill: #ffffff; stroke: #d0d7de; }
.title { font-size: 17px; font-weight: 600; fill: currentColor; }
.subtitle { font-size: 12.5px; fill: currentColor; opacity: 0.75; }
.entry { font-size: 12px; fill: currentColor; }
@media (prefers-color-scheme: dark) {
  svg { color: #e6edf3; }
  .ground { fill: #0d1117; stroke: #30363d; }
}
`;

interface PlacedEntry extends LegendEntry {
  readonly x: number;
}

/** Legends go on in a second line where the first is full. */
function legendRows(
  legend: readonly LegendEntry[],
  width: number,
): readonly (readonly PlacedEntry[])[] {
  const rows: PlacedEntry[][] = legend.length > 0 ? [[]] : [];
  let x = MARGIN;
  for (const entry of legend) {
    const size = 34 + entry.label.length * CHARACTER_WIDTH;
    if (x + size > width + MARGIN && rows.at(-1)?.length !== 0) {
      rows.push([]);
      x = MARGIN;
    }
    rows.at(-1)?.push({ ...entry, x });
    x += size;
  }
  return rows;
}

function drawEntry({ label, colour, dashed = false, x }: PlacedEntry, row: number): string {
  const y = LEGEND_Y + row * LEGEND_ROW;
  const dash = dashed ? ' stroke-dasharray="4 3"' : '';
  return `<line x1="${x}" x2="${x + 16}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="3"${dash}/>
<text class="entry" x="${x + 21}" y="${y}">${escaped(label)}</text>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
