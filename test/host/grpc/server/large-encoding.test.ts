import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ExecuteEvent,
  SessionEvent,
  ToolCall,
  WaitResponse,
} from '../../../../host/grpc/generated/code-mode.ts';
import {
  encodeLarge,
  encodeLargeOutcome,
  inParts,
} from '../../../../host/grpc/server/large-encoding.ts';
import { toCellOutcome, toWaitResponse } from '../../../../host/grpc/server/outcomes.ts';
import type { OutputItem } from '../../../../src/events.ts';
import { type FakeRun, FakeSandbox } from '../../../support/fake-sandbox.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import { GrpcSession } from '../../../support/grpc-session.ts';

const MEBI = 1 << 20;
const text = fc
  .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, 90_000))
  .map(([unit, times]) => unit.repeat(times));
const item: fc.Arbitrary<OutputItem> = fc.oneof(
  text.map((value) => ({ type: 'input_text' as const, text: value })),
  text.map((url) => ({ type: 'input_image' as const, image_url: url, detail: 'low' as const })),
  text.map((url) => ({ type: 'input_audio' as const, audio_url: url })),
);
const outcome = fc.record({
  event: fc.oneof(
    fc.record({
      type: fc.constant('yielded' as const),
      cellId: fc.constant('1'),
      items: fc.array(item, { maxLength: 6 }),
    }),
    fc.record({
      type: fc.constant('completed' as const),
      cellId: fc.constant('1'),
      items: fc.array(item, { maxLength: 6 }),
      failure: fc.option(text.map((value) => ({ kind: 'exception' as const, text: value }))),
      notes: fc.constant([]),
    }),
  ),
  tookMs: fc.nat(),
  bufferedMs: fc.constant(0),
});

function starts(run: FakeRun): void {
  run.start();
  run.end();
}

/** The message without its prefix, which tells its size. */
function bodyOf(parts: readonly Buffer[]): Buffer {
  const all = Buffer.concat(parts);
  assert.equal(all.readUInt32BE(1), all.length - 5);
  assert.equal(all[0], 0);
  return all.subarray(5);
}

describe('A large message over gRPC', () => {
  it('is an outcome like any other (property)', async () => {
    await fc.assert(
      fc.asyncProperty(outcome, async (made) => {
        const started = ExecuteEvent.decode(bodyOf(await encodeLargeOutcome(2, made)));
        assert.deepEqual(started.event, { $case: 'outcome', value: toCellOutcome(made) });
        const waited = WaitResponse.decode(bodyOf(await encodeLargeOutcome(1, made)));
        assert.deepEqual(waited, toWaitResponse(made));
      }),
      { numRuns: 100 },
    );
  });

  it('has the fields of any other, and bytes that are not copied (property)', async () => {
    const fields = fc.record({
      notificationId: fc.string(),
      executionId: fc.string(),
      cellId: fc.string(),
      callId: fc.string(),
      text,
    });
    await fc.assert(
      fc.asyncProperty(fields, async (value) => {
        const event = { $case: 'notification' as const, value };
        const body = bodyOf(await encodeLarge(SessionEvent, { event }));
        assert.ok(body.equals(Buffer.from(SessionEvent.encode({ event }).finish())));
      }),
      { numRuns: 100 },
    );
    const inputJson = Buffer.from(`"${'x'.repeat(100_000)}"`);
    const call = { ...ToolCall.decode(Buffer.alloc(0)), sessionId: 's', inputJson, sequence: 3n };
    const parts = inParts(ToolCall, call);
    assert.ok(bodyOf(parts).equals(Buffer.from(ToolCall.encode(call).finish())));
    assert.ok(parts.some(({ buffer }) => buffer === inputJson.buffer));
  });

  it('is encoded in small parts, and everything else has turns between them', async () => {
    let isDone = false;
    let turns = 0;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const event = { type: 'yielded' as const, cellId: '1' };
    const long = { type: 'input_text' as const, text: '€'.repeat(16 * MEBI) };
    const made = { tookMs: 0, bufferedMs: 0, event: { ...event, items: [long] } };
    const parts = await encodeLargeOutcome(2, made);
    isDone = true;
    assert.ok(Math.max(...parts.map(({ length }) => length)) <= 3 * (64 << 10));
    assert.ok(turns > 1, `${turns} turns`);
  });

  it('fails its call if it is too large', async () => {
    const event = { type: 'yielded' as const, cellId: '1' };
    const items = [{ type: 'input_text' as const, text: '€'.repeat(22 * MEBI) }];
    await assert.rejects(
      encodeLargeOutcome(2, { tookMs: 0, bufferedMs: 0, event: { ...event, items } }),
      /message length too large/,
    );
  });

  it('is told before what is told after it', async () => {
    const texts = ['a', 'b'.repeat(300_000), 'c', 'd'.repeat(2 * MEBI), 'e'];
    const notifies = (run: FakeRun) => {
      run.start();
      void Promise.all(texts.map((each) => run.notify(each))).then(() => run.end());
    };
    await using host = await GrpcHost.start({ sandbox: new FakeSandbox({ '': starts, notifies }) });
    await using client = host.client();
    const session = await GrpcSession.open(client);
    const execution = session.execute('notifies');
    const told: string[] = [];
    while (told.length < texts.length) {
      told.push(
        await session.lease.until(({ event }) =>
          event?.$case === 'notification' ? event.value.text.slice(0, 1) : undefined,
        ),
      );
    }
    assert.deepEqual(told, ['a', 'b', 'c', 'd', 'e']);
    await execution.outcome();
    await session.close();
  });
});
