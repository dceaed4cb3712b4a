import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { GROUNDS, MUTED_TEXT, TEXT } from './palette.ts';

/** A picture for a document. */
export interface Picture {
  /** The file, without its ending. */
  readonly name: string;
  /** The question that the picture answers. */
  readonly title: string;
  /** The answer with its figures; also the alternative text. */
  readonly answer: string;
  /** How to read it. */
  readonly note: string;
  /** One below the other. */
  readonly panels: readonly Panel[];
}

/** One drawing of a picture. */
export interface Panel {
  /** Empty if the picture has only one. */
  readonly heading: string;
  readonly height: number;
  readonly plot: Plot.PlotOptions;
}

/** Narrow enough for a phone: at 360 px a picture shrinks by a tenth, and its text stays readable. */
export const PICTURE_WIDTH = 400;
export const FONT_SIZE = 13;
/** The average width of a character, in the widest of the usual fonts. */
export const CHARACTER_WIDTH = 7.2;

const MARGIN = 12;
export const PANEL_WIDTH = PICTURE_WIDTH - 2 * MARGIN;
const TITLE = { size: 17, line: 22, width: 10.3 };
const TEXT_LINE = { size: FONT_SIZE, line: 18, width: CHARACTER_WIDTH };
const GAP = 8;
const HEADING_HEIGHT = 22;

/**
 * Draws a picture as SVG text, with its own background, for light and dark.
 *
 * The same picture gives the same text.
 */
export function draw({ name, title, answer, note, panels }: Picture): string {
  const parts: string[] = [];
  let y = MARGIN;
  const write = (text: string, kind: string, { line, width }: typeof TITLE) => {
    for (const row of wrapped(text, PANEL_WIDTH / width)) {
      y += line;
      parts.push(`<text class="${kind}" x="${MARGIN}" y="${y - 4}">${escaped(row)}</text>`);
    }
    y += GAP;
  };
  write(title, 'title', TITLE);
  write(answer, 'answer', TEXT_LINE);
  write(note, 'note', TEXT_LINE);
  for (const panel of panels) {
    if (panel.heading !== '') {
      y += HEADING_HEIGHT;
      parts.push(
        `<text class="heading" x="${MARGIN}" y="${y - 6}">${escaped(panel.heading)}</text>`,
      );
    }
    parts.push(drawPanel(panel, y));
    y += panel.height + GAP;
  }
  const size = `width="${PICTURE_WIDTH}" height="${y}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${PICTURE_WIDTH} ${y}" ${size} role="img" aria-labelledby="${name}-title ${name}-answer">
<title id="${name}-title">${escaped(title)}</title>
<desc id="${name}-answer">${escaped(answer)}</desc>
<style>${STYLE}</style>
<rect class="ground" ${size} rx="8"/>
${parts.join('\n')}
</svg>
`;
}

function drawPanel({ plot, height }: Panel, y: number): string {
  const { document } = parseHTML('<html><body></body></html>');
  const drawn = Plot.plot({
    ...plot,
    width: PANEL_WIDTH,
    height,
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    style: { background: 'none', fontSize: `${FONT_SIZE}px`, overflow: 'visible' },
  });
  return (
    drawn.outerHTML
      .replace('<svg ', `<svg aria-hidden="true" x="${MARGIN}" y="${y}" `)
      // The style sets it; the attribute alone would be wrong.
      .replace(' font-size="10"', '')
      // Rules of the drawing that outer rules cannot reach would win over ours.
      .replace(/<style>[\s\S]*?<\/style>/, '')
      .replaceAll('&nbsp;', '&#160;')
  );
}

const STYLE = `
svg { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; font-size: ${FONT_SIZE}px; color: ${TEXT.light}; }
.ground { fill: ${GROUNDS.light}; stroke: #d0d7de; }
.title { font-size: ${TITLE.size}px; font-weight: 600; fill: currentColor; }
.answer { fill: currentColor; }
.heading { font-weight: 600; fill: currentColor; }
.note { fill: ${MUTED_TEXT.light}; }
@media (prefers-color-scheme: dark) {
  svg { color: ${TEXT.dark}; }
  .ground { fill: ${GROUNDS.dark}; stroke: #30363d; }
  .note { fill: ${MUTED_TEXT.dark}; }
}
`;

/** Wraps text into lines of at most this many characters; a longer word gets its own line. */
function wrapped(text: string, characters: number): readonly string[] {
  const rows: string[] = [];
  const glued = text.replaceAll(/(\d) (?=(?:ms|µs|s|KiB|MiB)\b)/g, '$1\u00a0');
  for (const word of glued.split(' ').filter((each) => each !== '')) {
    const last = rows.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= characters) {
      rows[rows.length - 1] = `${last} ${word}`;
    } else rows.push(word);
  }
  return rows;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
