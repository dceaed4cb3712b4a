import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareTranscripts, renderTranscript, toTranscript } from './transcript.ts';

const PATH = '/v1/responses';
const SCRATCH = '/tmp/cellhost-e2e-abc';

const transcriptOf = (...bodies: readonly unknown[]) =>
  toTranscript(
    bodies.map((body) => ({ path: PATH, body })),
    { scratch: SCRATCH },
  );

const normalised = (value: unknown) => transcriptOf({ input: [value] })[0]?.input[0];

const output = (id: string, text: string) => ({ type: 'output', id, call_id: 'call_1', text });

function uuid(last: number): string {
  return `01a1fe7c-8d1c-7d73-89fc-${last.toString(16).padStart(12, '0')}`;
}

describe('toTranscript', () => {
  it('replaces what differs from run to run by names', () => {
    const cases = [
      [`${SCRATCH}/work`, '<scratch>/work'],
      [`ctco_${uuid(1)}`, 'ctco_<id>'],
      ['Wall time 0.3 seconds\nOutput:', 'Wall time <time> seconds\nOutput:'],
      [
        'Wall time 0.300 seconds (code-mode 0.200 seconds; overhead -0.001 seconds)',
        'Wall time <time> seconds (code-mode <time> seconds; overhead <time> seconds)',
      ],
      [
        '{"chunk_id":"5ef28a","wall_time_seconds":6.26e-06,"exit_code":0}',
        '{"chunk_id":"<chunk>","wall_time_seconds":<time>,"exit_code":0}',
      ],
      ['{"started_at_unix_ms":1795264891736}', '{"started_at_unix_ms":<time>}'],
      [
        'at 2026-11-21T12:42:31.239Z, on 2026-11-21 or 2026-11-22',
        'at <date>, on <date> or <date>',
      ],
      ['http://127.0.0.1:41231/v1', 'http://127.0.0.1:<port>/v1'],
    ];
    for (const [text, expected] of cases) assert.equal(normalised(text), expected);
  });

  it('leaves the output of a cell unchanged', () => {
    const texts = [
      'Script running with cell ID 12',
      'Error: boom\n    at exec_main.mjs:1:21',
      '1795264891736 cells in 3 seconds',
      'original token count: 101',
      'call_17',
    ];
    for (const text of texts) assert.equal(normalised(text), text);
  });

  it('keeps different ids apart, and the same ids together', () => {
    const [thread, turn] = [uuid(7), uuid(8)];
    assert.deepEqual(normalised([thread, turn, thread]), ['<id 1>', '<id 2>', '<id 1>']);
  });

  it('numbers ids alike in any order of fields', () => {
    const [a, b] = [uuid(1), uuid(2)];
    const one = transcriptOf({ input: [], session: a, turn: b });
    const other = transcriptOf({ turn: b, session: a, input: [] });
    assert.deepEqual(one, other);
    assert.deepEqual(one[0]?.changed, { session: '<id 1>', turn: '<id 2>' });
  });

  it('leaves out what the previous request contained', () => {
    const [first, second] = [output('1', 'a'), output('2', 'b')];
    const transcript = transcriptOf(
      { model: 'm', tools: ['exec'], input: [first] },
      { model: 'm', tools: ['exec', 'wait'], input: [first, second] },
    );
    assert.deepEqual(transcript, [
      { path: PATH, forgotten: 0, input: [first], changed: { model: 'm', tools: ['exec'] } },
      { path: PATH, forgotten: 0, input: [second], changed: { tools: ['exec', 'wait'] } },
    ]);
  });

  it('reports what a request no longer contains', () => {
    const [first, second, third] = [output('1', 'a'), output('2', 'b'), output('3', 'c')];
    const transcript = transcriptOf(
      { model: 'm', input: [first, second] },
      { input: [first, third] },
    );
    assert.deepEqual(transcript[1], {
      path: PATH,
      forgotten: 1,
      input: [third],
      changed: { model: undefined },
    });
    assert.match(renderTranscript(transcript).join('\n'), /without the last 1 items of before/);
  });

  it('accepts any body', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (bodies) => {
        const transcript = transcriptOf(...bodies);
        assert.equal(transcript.length, bodies.length);
        assert.deepEqual(compareTranscripts(transcript, transcript), []);
      }),
    );
  });
});

describe('compareTranscripts', () => {
  const conversation = (id: number, text: string) =>
    transcriptOf(
      { model: 'm', thread: uuid(id), input: [output(`msg_${uuid(id + 1)}`, 'hello')] },
      {
        model: 'm',
        thread: uuid(id),
        input: [
          output(`msg_${uuid(id + 1)}`, 'hello'),
          output(`ctco_${uuid(id + 2)}`, `Script completed\nWall time 0.${id} seconds\n${text}`),
        ],
      },
    );

  it('finds nothing if only ids and times differ', () => {
    assert.deepEqual(compareTranscripts(conversation(1, 'a'), conversation(5, 'a')), []);
  });

  it('shows the line that differs, with its context', () => {
    const lines = compareTranscripts(conversation(1, 'theirs'), conversation(5, 'ours'));
    const signs = lines.filter(({ sign }) => sign !== ' ');
    assert.deepEqual(
      signs.map(({ sign, text }) => [sign, text.trim()]),
      [
        ['+', '| ours'],
        ['-', '| theirs'],
      ],
    );
    assert.ok(lines.some(({ text }) => text.includes('Script completed')));
    assert.ok(!lines.some(({ text }) => text.includes('hello')), 'far lines are left out');
  });

  it('shows a request that only one of them has', () => {
    const longer = conversation(1, 'a');
    const lines = compareTranscripts(longer.slice(0, 1), longer);
    assert.ok(lines.some(({ sign, text }) => sign === '+' && text.startsWith('request 2')));
    assert.ok(lines.every(({ sign }) => sign !== '-'));
  });

  it('does not report later items as different because of an extra one', () => {
    const [first, extra, last] = [
      output(`ctco_${uuid(1)}`, 'a'),
      output(`ctco_${uuid(2)}`, 'noted'),
      output(`ctco_${uuid(3)}`, 'b'),
    ];
    const lines = compareTranscripts(
      transcriptOf({ input: [first, last] }),
      transcriptOf({ input: [first, extra, last] }),
    );
    assert.deepEqual(
      lines.filter(({ sign }) => sign === '-'),
      [],
    );
  });

  it('finds any change of a text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z ]+$/), fc.stringMatching(/^[a-z ]+$/), (a, b) => {
        const lines = compareTranscripts(conversation(1, a), conversation(5, b));
        assert.equal(lines.length === 0, a === b);
      }),
    );
  });
});
