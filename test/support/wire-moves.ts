import fc from 'fast-check';
import type { Operation } from '../../host/wire/protocol.ts';
import { executeRequest } from './v1-peer.ts';

/** A move of a client. */
export type WireMove =
  | { readonly type: 'ask'; readonly operation: object }
  /** About one of its requests, counted from the latest. */
  | { readonly type: 'cancel' | 'yield'; readonly back: number }
  /** Answers a delegated request, if there is one. */
  | { readonly type: 'respond'; readonly which: number; readonly result: object | null }
  /** Lets the host continue. */
  | { readonly type: 'wait' }
  /** Sends an invalid or unexpected message. */
  | { readonly type: 'break'; readonly frame: string | Buffer };

/** Mostly an existing session, sometimes a missing one. */
const sessionId = fc.constantFrom('s', 's', 's', 's', 't', 'nowhere');
const cellId = fc.constantFrom('1', '1', '2', '3', '99');
const time = fc.constantFrom(0, 0, 60_000);
const observe = fc.option(fc.constant({ pending: true }), { nil: undefined });
const source = fc.constantFrom('', 'hi', 'hang', 'tool', 'tool', 'notify', 'frontier', 'unknown');

/** Each operation; a new one has to be added here. */
const operations: Readonly<Record<Operation['method'], fc.Arbitrary<object>>> = {
  'session/open': fc.record({
    sessionId: fc.constantFrom('s', 't', 'u'),
    outputTruncation: fc.constantFrom(undefined, null, 'client', 'server'),
  }),
  'session/create': fc.record({ token: fc.option(fc.string(), { nil: undefined }) }),
  'session/execute': fc
    .record({ sessionId, source, yield_time_ms: time, observe, keepEvents: fc.boolean() })
    .map(({ sessionId, source, ...fields }) => ({
      sessionId,
      request: executeRequest(source, fields),
    })),
  'session/wait': fc
    .record({ sessionId, cell_id: cellId, yield_time_ms: time, observe })
    .map(({ sessionId, ...request }) => ({ sessionId, request })),
  'session/terminate': fc.record({ sessionId, cellId }),
  'session/resume': fc.record({ sessionId, cellId, generation: fc.constantFrom(0, 1, 2) }),
  'session/events': fc.record({ sessionId, cellId }),
  'session/cells': fc.record({ sessionId }),
  'session/values': fc.record({ sessionId }),
  'session/shutdown': fc.record({ sessionId: fc.constantFrom('s', 't', 'nowhere') }),
};

const ask: fc.Arbitrary<WireMove> = fc.oneof(
  ...Object.entries(operations).map(([method, fields]) => ({
    arbitrary: fields.map((rest) => ({ type: 'ask', operation: { method, ...rest } }) as const),
    weight: method === 'session/execute' ? 6 : method === 'session/shutdown' ? 1 : 2,
  })),
);

const result = fc.constantFrom(
  { status: 'ok', value: { type: 'tool/result', result: { a: [1] } } },
  { status: 'ok', value: { type: 'notification/delivered' } },
  { status: 'error', message: 'no' },
);

const respond: fc.Arbitrary<WireMove> = fc.record({
  type: fc.constant('respond' as const),
  which: fc.nat(4),
  // Null: what fits.
  result: fc.option(result, { nil: null }),
});

const give: fc.Arbitrary<WireMove> = fc.record({
  type: fc.constantFrom('cancel' as const, 'yield' as const),
  back: fc.nat(6),
});

/** The text of a message with one character changed. */
function spoilt(texts: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.nat(), fc.string({ maxLength: 3 }))
    .map(
      ([text, at, put]) =>
        text.slice(0, at % text.length) + put + text.slice((at + 1) % text.length),
    );
}

function breaking(texts: readonly string[]): fc.Arbitrary<WireMove> {
  const frame = fc.oneof(
    fc.constantFrom(...texts),
    spoilt(texts),
    fc.json(),
    fc.string(),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  );
  return frame.map((frame) => ({ type: 'break', frame }));
}

/** @param texts Messages to break. */
export function wireMoves(texts: readonly string[]): fc.Arbitrary<readonly WireMove[]> {
  const move = fc.oneof(
    { arbitrary: ask, weight: 24 },
    { arbitrary: respond, weight: 8 },
    { arbitrary: give, weight: 4 },
    { arbitrary: fc.constant<WireMove>({ type: 'wait' }), weight: 8 },
    { arbitrary: breaking(texts), weight: 1 },
  );
  return fc.array(move, { minLength: 1, maxLength: 40, size: 'max' });
}
