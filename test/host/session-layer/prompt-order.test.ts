import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { PromptOrder } from '../../../host/session-layer/prompt-order.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import { type FeedSink, SessionFeed, toUpdate } from '../../../host/session-layer/session-feed.ts';
import { SessionTools } from '../../../host/session-layer/session-tools.ts';
import { MAX_UNREAD } from '../../../host/session-layer/update-reader.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { ToolCall } from '../../../src/delegate.ts';
import { textItem, textOf } from '../../support/events.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { sessionPlaces } from '../../support/session-places.ts';

const NEVER = new AbortController().signal;

function callOf(callId: string, tool: string): ToolCall {
  const toolName = { name: tool, namespace: null };
  const fields = { cellId: '1', callId, tool, toolName, kind: 'function', inputJson: '1' } as const;
  return new ToolCall(fields);
}

function noteOf(text: string) {
  return { cellId: '1', callId: null, text };
}

/** A feed whose prompt has an order, and what came over it. */
function setUp(isFull: () => boolean = () => false) {
  const came: string[] = [];
  const handled: string[] = [];
  const sinkTo =
    (words: string[]): FeedSink =>
    (delivery) => {
      const update = toUpdate(delivery);
      if (update.type === 'output') words.push(textOf(update.item));
      else if (update.type === 'notification') words.push(update.text);
      else if (update.type === 'tool') words.push(`tool ${update.call.callId}`);
      else words.push(update.type === 'call' ? update.call.callId : update.type);
      if (update.type === 'call') update.respond('done');
    };
  const tools = new SessionTools();
  tools.add({ name: 'own', description: '' }, ({ callId }) => handled.push(callId));
  const feed = new SessionFeed(tools, sinkTo(came));
  const order = new PromptOrder(isFull);
  const show = (text: string) => feed.tell({ type: 'output', cellId: '1', item: textItem(text) });
  return { came, handled, feed, order, delegate: feed.inOrder(order), show, sinkTo };
}

describe('PromptOrder', () => {
  it('holds a call and a notification until the events have reached them', async () => {
    const { came, order, delegate, show } = setUp();
    const call = delegate.invokeTool(callOf('tool-1', 'other'), NEVER);
    const note = delegate.notify(noteOf('note'), NEVER);
    assert.equal(await isSettled(call), false);
    show('a');
    order.reachNotification();
    show('b');
    order.reachCall('tool-1');
    show('c');
    assert.deepEqual(came, ['a', 'note', 'b', 'tool-1', 'c']);
    assert.equal(await call, 'done');
    assert.equal(await isSettled(note), false);
  });

  it('holds nothing that the events have already reached', async () => {
    const { came, order, delegate } = setUp();
    order.reachCall('tool-1');
    order.reachNotification();
    void delegate.notify(noteOf('note'), NEVER);
    await delegate.invokeTool(callOf('tool-1', 'other'), NEVER);
    assert.deepEqual(came, ['note', 'tool-1']);
  });

  it('starts the handler of a tool at once, and reports it in its turn', async () => {
    const { came, handled, order, delegate, show } = setUp();
    await delegate.invokeTool(callOf('tool-1', 'own'), NEVER);
    assert.deepEqual([handled, came], [['tool-1'], []]);
    show('a');
    order.reachCall('tool-1');
    assert.deepEqual(came, ['a', 'tool tool-1']);
  });

  it('holds nothing for a reader that does not read', async () => {
    let isFull = true;
    const { came, order, delegate } = setUp(() => isFull);
    await delegate.invokeTool(callOf('tool-1', 'other'), NEVER);
    isFull = false;
    const waiting = delegate.invokeTool(callOf('tool-2', 'other'), NEVER);
    void delegate.notify(noteOf('note'), NEVER);
    assert.equal(await isSettled(waiting), false);
    order.flush();
    assert.equal(await waiting, 'done');
    assert.deepEqual(came, ['tool-1', 'tool-2', 'note']);
    order.reachCall('tool-1');
    order.reachCall('tool-2');
    order.reachNotification();
    assert.deepEqual(came.length, 3);
  });

  it('holds nothing once no more events arrive', async () => {
    const { order, delegate, came } = setUp();
    const waiting = delegate.invokeTool(callOf('tool-1', 'other'), NEVER);
    order.giveUp();
    await waiting;
    await delegate.invokeTool(callOf('tool-2', 'other'), NEVER);
    void delegate.notify(noteOf('note'), NEVER);
    assert.deepEqual(came, ['tool-1', 'tool-2', 'note']);
  });

  it('does not deliver what was cancelled while it waited, and ends it at once', async () => {
    const { order, delegate, came } = setUp();
    const controller = new AbortController();
    const call = delegate.invokeTool(callOf('tool-1', 'other'), controller.signal);
    const note = delegate.notify(noteOf('note'), controller.signal);
    controller.abort(new Error('terminated'));
    await assert.rejects(call, /terminated/);
    await assert.rejects(note, /terminated/);
    order.reachCall('tool-1');
    order.reachNotification();
    assert.deepEqual(came, []);
  });

  it('reports that the cell is closed after the end of the prompt', () => {
    const { order, delegate, came, show } = setUp();
    delegate.cellClosed?.('1');
    show('last');
    order.end();
    assert.deepEqual(came, ['last', 'closed']);
    delegate.cellClosed?.('1');
    assert.deepEqual(came, ['last', 'closed', 'closed']);
  });

  it('passes what waits to the proxy that took over meanwhile', async () => {
    const { came, order, delegate, feed, show, sinkTo } = setUp();
    void delegate.notify(noteOf('note'), NEVER);
    const call = delegate.invokeTool(callOf('tool-1', 'other'), NEVER);
    show('a');
    const proxied: string[] = [];
    feed.swap(sinkTo(proxied));
    order.reachNotification();
    show('b');
    order.reachCall('tool-1');
    await call;
    assert.deepEqual([came, proxied], [['a'], ['note', 'b', 'tool-1']]);
  });
});

describe('A prompt whose updates are not read', () => {
  const OTHER = [{ name: 'other', description: '' }];

  for (const [when, isLate] of [
    ['before there is no room left', false],
    ['when there is no room left', true],
  ] as const) {
    it(`has its calls refused that are made ${when}, and its notifications delivered`, async () => {
      const sandbox = new FakeSandbox();
      await using session = await new SessionBuilder({ sandbox }).start();
      await session.sendPrompt({ source: 'x', tools: OTHER });
      const run = sandbox.last;
      run.start();
      for (let n = 0; n < MAX_UNREAD + 10; n += 1) run.text(`${n}`);
      if (isLate) await settled();
      const answer = run.callTool(0);
      await run.notify('note');
      assert.deepEqual(await answer, {
        ok: false,
        text: 'Cannot call a tool: too many updates of the session wait for a reader',
      });
      run.end();
      await run.ended;
    });
  }
});

describe('A prompt with a lot of output before there can be a reader', { timeout: 60_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());
  const source = `
    const calls = [];
    for (let n = 0; n < 2000; n += 1) {
      if (n % 500 === 499) calls.push(tools.other(n));
      else text(n);
    }
    await Promise.all(calls)`;

  it('is still delivered in program order', async () => {
    const { places, close } = await sessionPlaces(sandbox);
    for (const [, place] of places) {
      await using session = await new SessionBuilder(place).start();
      await session.sendPrompt({ source, tools: [{ name: 'other', description: '' }] });
      const seen: number[] = [];
      for (;;) {
        const update = await session.readUpdate();
        if (update.type === 'output') seen.push(Number(textOf(update.item)));
        if (update.type === 'call') {
          seen.push(update.call.input as number);
          update.respond(null);
        }
        if (update.type === 'end') break;
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 2000 }, (_, n) => n),
      );
    }
    await close();
  });
});
