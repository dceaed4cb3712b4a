import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseHTML } from 'linkedom';
import { withUnit } from '../../../bench/report/figures.ts';
import { keptResults } from '../../../bench/report/kept-results.ts';
import { linePicture } from '../../../bench/report/line-picture.ts';
import { ownPictures } from '../../../bench/report/own-pictures.ts';
import { COLOURS, GROUNDS, MUTED_TEXT, TEXT } from '../../../bench/report/palette.ts';
import { peerPictures } from '../../../bench/report/peer-pictures.ts';
import { draw, type Picture } from '../../../bench/report/picture.ts';
import { render } from '../../../bench/report/run.ts';
import { summary } from '../../../bench/support/measurement.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const KEPT = keptResults(DOCS);
const PICTURES = [...ownPictures(KEPT), ...peerPictures(KEPT)];
const PHONE_WIDTH = 360;
const LINE_HEIGHT = 15;

describe('pictures of the kept results', () => {
  it('are those in the documentation', () => {
    for (const [file, text] of render(KEPT)) {
      assert.equal(readFileSync(join(DOCS, file), 'utf8'), text, `${file}: npm run bench:report`);
    }
  });

  it('have a contrast of at least 3:1 in both colour schemes', () => {
    for (const { name, svg } of drawn()) {
      const drawing = svg.replace(/<style>[\s\S]*?<\/style>/, '');
      const colours = new Set(drawing.match(/#[0-9a-f]{6}\b/g));
      assert.ok(colours.size > 0, name);
      for (const colour of [...colours, ...COLOURS]) {
        for (const [scheme, ground] of Object.entries(GROUNDS)) {
          const found = contrast(colour, ground);
          assert.ok(found >= 3, `${name}: ${colour} in ${scheme}: ${found.toFixed(2)}`);
        }
      }
    }
  });

  it('have text with a contrast of at least 4.5:1, and not cut off', () => {
    for (const scheme of ['light', 'dark'] as const) {
      for (const colour of [TEXT[scheme], MUTED_TEXT[scheme]]) {
        assert.ok(contrast(colour, GROUNDS[scheme]) >= 4.5, `${scheme}: ${colour}`);
      }
    }
    for (const { name, document } of drawn()) {
      for (const text of document.querySelectorAll('text')) {
        const fills = [text, text.parentElement].map((each) => each?.getAttribute('fill'));
        for (const fill of fills) {
          assert.ok(!fill || /^(currentColor|none)$/.test(fill), `${name}: ${fill}`);
        }
        const faint = text.closest('[fill-opacity],[opacity]');
        assert.equal(faint, null, `${name}: ${text.textContent}`);
      }
    }
  });

  it('have text of at least 11 px on a phone', () => {
    for (const { name, svg } of drawn()) {
      const width = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
      const sizes = [...svg.matchAll(/font-size[:=]\s*"?([\d.]+)/g)].map(([, size]) =>
        Number(size),
      );
      assert.ok(sizes.length > 0 && width > 0, name);
      const smallest = (Math.min(...sizes) * PHONE_WIDTH) / Math.max(width, PHONE_WIDTH);
      assert.ok(smallest >= 11, `${name}: ${smallest.toFixed(1)} px`);
    }
  });

  it('name every line at its end, clear of other names', () => {
    for (const { name, document } of drawn(ownPictures(KEPT))) {
      for (const panel of document.querySelectorAll('svg svg')) {
        const labels = [...panel.querySelectorAll('.line-label')];
        const lines = panel.querySelectorAll('[aria-label="line"]');
        assert.ok(labels.length > 0, name);
        assert.equal(labels.length, lines.length, name);
        assert.equal(new Set(labels.map((each) => each.textContent)).size, labels.length, name);
        const places = labels.map((each) => Number(each.getAttribute('y'))).sort((a, b) => a - b);
        places.forEach((place, n) => {
          const above = places[n - 1] ?? 0;
          assert.ok(place - above >= LINE_HEIGHT, `${name}: names at ${above} and ${place}`);
        });
      }
    }
  });

  it('draw the memory of one process and of all processes as two lines', () => {
    const { document } = drawn(ownPictures(KEPT)).find(({ name }) => name === 'soak')!;
    const names = [...document.querySelectorAll('.line-label')].map((each) => each.textContent);
    assert.deepEqual(names.toSorted(), ['all processes', 'embedding process']);
    const stretches = new Set(KEPT.soak?.results.map(({ dimensions }) => dimensions?.minute));
    for (const line of document.querySelectorAll('[aria-label="line"] path')) {
      const points = line.getAttribute('d')?.match(/[ML]/g)?.length;
      assert.equal(points, stretches.size);
    }
  });

  it('state the answer with its figures, also in the alternative text', () => {
    const page = [...render(KEPT).values()].join('\n');
    for (const { name, document } of drawn()) {
      const answer = document.querySelector('desc')?.textContent ?? '';
      assert.match(answer, /\d (ms|µs|MiB|s)\b/, name);
      assert.ok(page.includes(`![${answer}](`), name);
      assert.match(document.querySelector('title')?.textContent ?? '', /\?$/, name);
    }
  });

  it('get the figures of the answer from the results', () => {
    const stop = KEPT.bench?.results
      .filter(({ suite, dimensions }) => suite === 'shutdown' && dimensions?.cells === 1)
      .filter(({ name }) => name === 'stubborn, tools')
      .at(-1);
    const calls = KEPT.peers?.figures.find(
      ({ task, peer }) => task === 'row-1000' && peer === 'cellhost hosted',
    );
    const memory = KEPT.soak?.results.findLast(
      ({ dimensions }) => dimensions?.of === 'memory of the whole tree',
    );
    const answers = new Map(PICTURES.map(({ name, answer }) => [name, answer]));
    const holds = (name: string, value: number | undefined, unit: string) =>
      assert.ok(answers.get(name)?.includes(withUnit(value!, unit)), `${name}: ${value}`);
    holds('shutdown-callbacks', stop?.p50, 'ms');
    holds('peers-calls', calls?.figures?.p50, 'ms');
    holds('soak', memory?.p50, 'MiB');
  });
});

describe('linePicture', () => {
  it('refuses two values of one line at the same position', () => {
    const point = (value: number) => ({
      panel: '',
      series: 'memory',
      x: 1,
      measurement: { suite: 'soak', ...summary('memory', 'until minute 1', 'MiB', [value]) },
    });
    const options = { name: 'p', title: 'How?', answer: 'So', xLabel: 'x', yLabel: 'y' };
    assert.throws(() => linePicture([point(1), point(2)], options), /it has memory at 1 twice/);
  });
});

function drawn(pictures: readonly Picture[] = PICTURES) {
  return pictures.map((picture) => {
    const svg = draw(picture);
    return { name: picture.name, svg, document: parseHTML(svg).document };
  });
}

/** The contrast of two colours, from 1 to 21, as the Web Content Accessibility Guidelines define it. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
