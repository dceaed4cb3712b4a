import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readHostMessage } from '../../../host/wire/protocol.ts';
import {
  fromOutcome,
  fromResponse,
  toOutcome,
  toResponse,
} from '../../../host/wire/wire-events.ts';
import type { CellEvent } from '../../../src/events.ts';

const TIMES = { tookMs: 1.5, bufferedMs: 0.25 };
const TEXT = { type: 'input_text', text: 'hi' } as const;
const IMAGE = { type: 'input_image', image_url: 'data:,', detail: 'low' } as const;

const items = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('input_text' as const), text: fc.string() }),
    fc.record({ type: fc.constant('input_audio' as const), audio_url: fc.string() }),
    fc.record({
      type: fc.constant('input_image' as const),
      image_url: fc.string(),
      detail: fc.constantFrom('auto', 'low', 'high', 'original'),
    }),
  ),
);
const cellId = fc.string({ maxLength: 20 });
const failure = fc.record(
  {
    kind: fc.constantFrom(
      'syntax',
      'exception',
      'limit',
      'memory',
      'deadlock',
      'lost',
      'sandbox_failed',
    ),
    text: fc.string(),
    line: fc.nat(),
    column: fc.nat(),
  },
  { requiredKeys: ['kind', 'text'] },
);
const cellEvent = fc.oneof(
  fc.record({ type: fc.constant('yielded'), cellId, items }),
  fc.record({ type: fc.constant('terminated'), cellId, items }),
  fc.record({
    type: fc.constant('pending'),
    cellId,
    items,
    generation: fc.nat(),
    pendingCalls: fc.array(fc.record({ callId: fc.string(), tool: fc.string() })),
  }),
  fc.record({
    type: fc.constant('completed'),
    cellId,
    items,
    failure: fc.option(failure),
    notes: fc.array(fc.string()),
  }),
  fc.record({
    type: fc.constant('missing'),
    cellId,
    items: fc.constant([]),
    reason: fc.constantFrom('unknown', 'delivered', 'terminated', 'evicted', 'lost'),
    message: fc.string(),
  }),
) as fc.Arbitrary<CellEvent>;
const times = fc.record({
  tookMs: fc.double({ min: -1, max: 1e9, noNaN: true }),
  bufferedMs: fc.double({ min: -1, max: 1e9, noNaN: true }),
});

/** The value as a peer reads it. */
function overWire<T extends object>(value: T): T {
  const text = JSON.stringify({ type: 'execute/initialResponse', id: 1, result: ok(value) });
  const message = readHostMessage(JSON.parse(text));
  assert.ok(message.type === 'execute/initialResponse' && message.result.status === 'ok');
  return message.result.value as T;
}

function ok(value: object): object {
  return { status: 'ok', value };
}

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('toResponse', () => {
  it('loses nothing between peers with cellhost.cells', () => {
    fc.assert(
      fc.property(cellEvent, times, (event, took) => {
        assert.deepEqual(
          plain(fromResponse(overWire(toResponse({ event, ...took }, true)))),
          plain(event),
        );
        const outcome = plain(toOutcome({ event, ...took }, true));
        assert.deepEqual(fromOutcome(outcome), plain(event));
      }),
      { numRuns: 300 },
    );
  });

  it('always makes a version 1 response that clients can read, with integer times', () => {
    fc.assert(
      fc.property(cellEvent, times, (event, took) => {
        const response = overWire(toResponse({ event, ...took }, false));
        const [body] = Object.values(response) as Record<string, unknown>[];
        assert.ok((body?.code_mode_host_duration_ns as number) >= 0);
        assert.ok(Number.isInteger(body?.code_mode_host_duration_ns));
        assert.deepEqual(plain(fromResponse(response)).items, plain(event.items));
      }),
      { numRuns: 300 },
    );
  });

  const body = { cell_id: '1', content_items: [TEXT, IMAGE] };
  const shown = { cellId: '1', items: [TEXT, IMAGE] };
  const took = { code_mode_host_duration_ns: 1_500_000 };
  const pins: readonly (readonly [string, CellEvent, object])[] = [
    ['a yield', { type: 'yielded', ...shown }, { Yielded: { ...body, ...took } }],
    [
      'a frontier as a yield',
      { type: 'pending', ...shown, generation: 2, pendingCalls: [{ callId: 'c', tool: 't' }] },
      { Yielded: { ...body, ...took } },
    ],
    ['a termination', { type: 'terminated', ...shown }, { Terminated: { ...body, ...took } }],
    [
      'a good end',
      { type: 'completed', ...shown, failure: null, notes: ['not said'] },
      { Result: { ...body, error_text: null, result_buffered_for_ns: 250_000, ...took } },
    ],
    [
      'a bad end',
      { type: 'completed', ...shown, failure: { kind: 'limit', text: 'too much' }, notes: [] },
      { Result: { ...body, error_text: 'too much', result_buffered_for_ns: 250_000, ...took } },
    ],
    [
      'a missing cell',
      {
        type: 'missing',
        cellId: '9',
        items: [],
        reason: 'evicted',
        message: 'exec cell 9 not found',
      },
      {
        Result: {
          cell_id: '9',
          content_items: [],
          error_text: 'exec cell 9 not found',
          result_buffered_for_ns: 0,
          ...took,
        },
      },
    ],
  ];
  for (const [what, event, response] of pins) {
    it(`expresses ${what} in version 1`, () => {
      assert.deepEqual(toResponse({ event, ...TIMES }, false), response);
      assert.equal(
        JSON.stringify(toResponse({ event, ...TIMES }, false)),
        JSON.stringify(response),
      );
      const key = event.type === 'missing' ? 'MissingCell' : 'LiveCell';
      assert.deepEqual(toOutcome({ event, ...TIMES }, false), { [key]: response });
    });
  }

  it('sends the whole event to a peer with cellhost.cells', () => {
    const event: CellEvent = { type: 'yielded', ...shown };
    assert.deepEqual(toResponse({ event, ...TIMES }, true), { Event: event });
    assert.deepEqual(toOutcome({ event, ...TIMES }, true), { LiveCell: { Event: event } });
  });

  it('never sends a negative time', () => {
    const event: CellEvent = { type: 'yielded', ...shown };
    const response = toResponse({ event, tookMs: -1, bufferedMs: -1 }, false);
    assert.ok('Yielded' in response && response.Yielded.code_mode_host_duration_ns === 0);
  });
});

describe('fromResponse', () => {
  const body = { cell_id: '1', content_items: [] };

  it('reads the response of a version 1 host that measures nothing', () => {
    assert.deepEqual(fromResponse({ Yielded: body }), { type: 'yielded', cellId: '1', items: [] });
    const terminated = { type: 'terminated', cellId: '1', items: [] };
    assert.deepEqual(fromResponse({ Terminated: body }), terminated);
  });

  it('reads an image without a detail as high', () => {
    const content_items = [
      { type: 'input_image' as const, image_url: 'a' },
      { type: 'input_image' as const, image_url: 'b', detail: null },
    ];
    const event = fromResponse({ Yielded: { cell_id: '1', content_items } });
    assert.deepEqual(event.items, [
      { type: 'input_image', image_url: 'a', detail: 'high' },
      { type: 'input_image', image_url: 'b', detail: 'high' },
    ]);
  });

  it('recognises a syntax error by its text', () => {
    const read = (error_text: string | null) => {
      const event = fromResponse({ Result: { ...body, error_text } });
      return event.type === 'completed' ? event.failure : undefined;
    };
    assert.equal(read(null), null);
    assert.deepEqual(read('SyntaxError: x'), { kind: 'syntax', text: 'SyntaxError: x' });
    assert.deepEqual(read('Error: x'), { kind: 'exception', text: 'Error: x' });
    assert.deepEqual(read(''), { kind: 'exception', text: '' });
  });
});

describe('fromOutcome', () => {
  it('reads a missing cell of version 1 as unknown', () => {
    const Result = { cell_id: '9', content_items: [], error_text: 'exec cell 9 not found' };
    assert.deepEqual(fromOutcome({ MissingCell: { Result } }), {
      type: 'missing',
      cellId: '9',
      items: [],
      reason: 'unknown',
      message: 'exec cell 9 not found',
    });
  });
});
