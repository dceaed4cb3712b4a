import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ToolCall } from '../../../../host/grpc/generated/code-mode.ts';
import type { ServerCall } from '../../../../host/grpc/server/server-call.ts';
import { Subscription } from '../../../../host/grpc/server/subscription.ts';
import { ToolCalls, type ToolCallsParts } from '../../../../host/grpc/server/tool-calls.ts';
import { ToolCall as Call, type JsonText } from '../../../../src/delegate.ts';
import { Cancelled } from '../../../../src/errors.ts';
import { awaitPassed, type PassedCall } from '../../../../src/runtime/passed-call.ts';

const CAPACITY = 6;
const TOOLS = ['one', 'two'];
/** Large enough that a subscription with one unread call has no room. */
const LARGE = JSON.stringify('x'.repeat(1 << 20));

/** A client's end of a subscription: what it was sent, and what it has not taken. */
class FakeStream {
  readonly subscription: Subscription;
  readonly got: ToolCall[] = [];
  readonly #unread: (() => void)[] = [];

  constructor(names: readonly string[]) {
    const call: ServerCall = {
      caller: null as never,
      sendHeaders() {},
      send: (message, taken) => {
        const bytes = Buffer.isBuffer(message) ? message : Buffer.concat(message);
        this.got.push(ToolCall.decode(bytes.subarray(5)));
        this.#unread.push(taken);
      },
      end() {},
      fail() {},
      reset() {},
      onClosed() {},
    };
    this.subscription = new Subscription(
      call,
      names.map((name) => ({ name, namespace: null })),
    );
  }

  read(): void {
    for (const taken of this.#unread.splice(0)) taken();
  }
}

type Move =
  | { readonly type: 'call'; readonly tool: number; readonly large: boolean }
  | { readonly type: 'answer' | 'cancel'; readonly which: number; readonly ok: boolean }
  | { readonly type: 'subscribe' | 'read' | 'drop'; readonly which: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('call' as const),
      tool: fc.nat(1),
      large: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('answer' as const, 'cancel' as const),
      which: fc.nat(20),
      ok: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('subscribe' as const, 'read' as const, 'drop' as const),
      which: fc.nat(20),
    }),
  },
);

interface Made {
  readonly callId: string;
  readonly abort: AbortController;
  settled: string | null;
}

function toolCalls(parts: Partial<ToolCallsParts> = {}): ToolCalls {
  const nothing = () => {};
  const all = { sessionId: 'session', capacity: CAPACITY, onCancelled: nothing, onCheck: nothing };
  return new ToolCalls({ ...all, ...parts });
}

/** Plays moves, and checks after each that no call is lost, doubled or in the wrong hands. */
async function play(moves: readonly Move[]): Promise<void> {
  const cancelled: string[] = [];
  const calls = toolCalls({ onCancelled: (id) => cancelled.push(id) });
  const execution = { id: 'e', cellId: '1', toolCallId: 'call', lastSequence: 0 };
  const streams: FakeStream[] = [];
  const open: FakeStream[] = [];
  const made: Made[] = [];
  const sent = () => streams.flatMap(({ got }) => got);
  const pending = () => made.filter(({ settled }) => settled === null);
  for (const each of moves) {
    switch (each.type) {
      case 'call': {
        const name = TOOLS[each.tool]!;
        const one: Made = {
          callId: `tool-${made.length}`,
          abort: new AbortController(),
          settled: null,
        };
        made.push(one);
        const call = new Call({
          cellId: '1',
          callId: one.callId,
          tool: name,
          toolName: { name, namespace: null },
          kind: 'function',
          inputJson: each.large ? LARGE : '1',
        });
        const pass = (passed: PassedCall) => calls.pass(execution, call, passed);
        void awaitPassed(pass, one.abort.signal).then(
          (result) => {
            one.settled = (result as JsonText).text;
          },
          (error: Error) => {
            one.settled = error.message;
          },
        );
        break;
      }
      case 'answer': {
        const call = sent()[each.which % Math.max(1, sent().length)];
        if (call === undefined) break;
        const value = { outputJson: Buffer.from('"answered"') };
        const outcome = each.ok
          ? { $case: 'succeeded' as const, value }
          : { $case: 'failed' as const, value: { message: 'failed' } };
        void calls.complete(call.invocationId, outcome);
        break;
      }
      case 'cancel': {
        const waiting = pending();
        waiting[each.which % Math.max(1, waiting.length)]?.abort.abort(new Cancelled('terminate'));
        break;
      }
      case 'subscribe': {
        const stream = new FakeStream([[], ['one'], ['two']][each.which % 3]!);
        streams.push(stream);
        open.push(stream);
        calls.subscribe(stream.subscription);
        break;
      }
      case 'read':
        open[each.which % Math.max(1, open.length)]?.read();
        break;
      case 'drop': {
        const [stream] = open.splice(each.which % Math.max(1, open.length), 1);
        if (stream !== undefined) calls.unsubscribe(stream.subscription);
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
    const ids = sent().map(({ runtimeToolCallId }) => runtimeToolCallId);
    assert.equal(new Set(ids).size, ids.length, 'no call is sent twice');
    const sequences = sent().map(({ sequence }) => Number(sequence));
    assert.deepEqual(
      sequences.sort((a, b) => a - b),
      ids.map((_, index) => index + 1),
    );
    assert.equal(execution.lastSequence, ids.length);
    const { pending: held, waiting } = calls.counts;
    assert.equal(held + waiting, pending().length);
    assert.ok(held + waiting <= CAPACITY);
    const openCalls = streams.map(({ subscription }) => subscription.open);
    assert.equal(
      openCalls.reduce((sum, count) => sum + count, 0),
      held,
    );
    // A subscription that reads leaves nothing waiting that it could take.
    for (const stream of open) {
      stream.read();
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (open.length > 0) assert.ok(waitsFor(calls, open), 'no call waits while there is room');
  }
  calls.failAll(new Error('over'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(pending(), []);
  assert.deepEqual(calls.counts, { pending: 0, waiting: 0 });
}

/** Calls may wait only while a subscription has no room. */
function waitsFor(calls: ToolCalls, open: readonly FakeStream[]): boolean {
  return calls.counts.waiting === 0 || open.some((one) => one.subscription.drained() !== undefined);
}

describe('ToolCalls', () => {
  it('sends each call once, in order of their sequence, and settles every one', async () => {
    const plays = fc.asyncProperty(fc.array(move, { maxLength: 40, size: 'max' }), play);
    await fc.assert(plays, { numRuns: 60 });
  });

  it('knows which ids it has given', () => {
    const calls = toolCalls();
    const failed = { $case: 'failed' as const, value: { message: '' } };
    for (const id of ['', 'x', crypto.randomUUID()]) {
      assert.throws(() => calls.complete(id, failed), /unknown code-mode tool invocation/);
    }
    const other = new FakeStream([]);
    calls.subscribe(other.subscription);
    const execution = { id: 'e', cellId: '1', toolCallId: 'call', lastSequence: 0 };
    const fields = { cellId: '1', callId: 'tool-1', tool: 'one', inputJson: undefined };
    const call = new Call({
      ...fields,
      toolName: { name: 'one', namespace: null },
      kind: 'freeform',
    });
    const pass = (passed: PassedCall) => calls.pass(execution, call, passed);
    void awaitPassed(pass, new AbortController().signal).catch(() => {});
    const { invocationId, inputJson, toolKind } = other.got[0]!;
    assert.match(invocationId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-0{11}1$/);
    assert.deepEqual([inputJson, toolKind], [undefined, 2]);
    const next = invocationId.replace(/1$/, '2');
    assert.throws(() => calls.complete(next, failed), /unknown code-mode tool invocation/);
    void calls.complete(invocationId, failed);
    void calls.complete(invocationId, failed);
  });
});
