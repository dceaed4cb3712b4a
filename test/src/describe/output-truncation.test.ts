import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { truncateOutput } from '../../../src/describe/output-truncation.ts';
import type { OutputItem } from '../../../src/events.ts';

const text = (value: string): OutputItem => ({ type: 'input_text', text: value });
const image: OutputItem = {
  type: 'input_image',
  image_url: 'data:image/png;base64,AAAA',
  detail: 'high',
};
const audio = (length: number): OutputItem => ({
  type: 'input_audio',
  audio_url: `data:audio/wav;base64,${'A'.repeat(length)}`,
});

/** The answers of the recorded engine. */
const RECORDED: readonly (readonly [string, OutputItem[], number, OutputItem[]])[] = [
  ['what fits, unchanged', [text('x'.repeat(40_000))], 10_000, [text('x'.repeat(40_000))]],
  ['an empty text and no budget', [text('')], 0, [text('')]],
  [
    'a text and no budget',
    [text('abc')],
    0,
    [
      text(
        'Warning: truncated output (original token count: 1)\nTotal output lines: 1\n\n…1 tokens truncated…',
      ),
    ],
  ],
  [
    'two texts as one, a line between them',
    [text('x'.repeat(40)), text('yyy')],
    10,
    [
      text(
        `Warning: truncated output (original token count: 11)\nTotal output lines: 2\n\n${'x'.repeat(20)}…1 tokens truncated…${'x'.repeat(16)}\nyyy`,
      ),
    ],
  ],
  [
    'lines counted without one behind the last',
    [text('a\nb\n'.repeat(40))],
    10,
    [
      text(
        `Warning: truncated output (original token count: 40)\nTotal output lines: 80\n\n${'a\nb\n'.repeat(5)}…30 tokens truncated…${'a\nb\n'.repeat(5)}`,
      ),
    ],
  ],
  [
    'characters of two bytes',
    [text('é'.repeat(41))],
    5,
    [
      text(
        'Warning: truncated output (original token count: 21)\nTotal output lines: 1\n\nééééé…16 tokens truncated…ééééé',
      ),
    ],
  ],
  [
    'texts beside an image one by one',
    [text('z'.repeat(100)), image, text('dropped')],
    10,
    [
      text(`${'z'.repeat(20)}…15 tokens truncated…${'z'.repeat(20)}`),
      image,
      text('[omitted 1 text items ...]'),
    ],
  ],
  [
    'audio that does not fit left out',
    [text('t'.repeat(80)), audio(400), audio(40)],
    30,
    [text('t'.repeat(80)), text('[omitted 2 audio items ...]')],
  ],
];

describe('truncateOutput', () => {
  for (const [name, items, tokens, expected] of RECORDED) {
    it(`shows ${name}`, () => assert.deepEqual(truncateOutput(items, tokens), expected));
  }

  it('cuts no character, and stays near its budget', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.nat(40), (value, tokens) => {
        const [shown] = truncateOutput([text(value)], tokens);
        assert.ok(shown?.type === 'input_text');
        assert.ok(!shown.text.includes('\ufffd') || value.includes('\ufffd'));
        assert.ok(Buffer.byteLength(shown.text) <= tokens * 4 + 150);
      }),
    );
  });
});
