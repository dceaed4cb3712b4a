import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../../sandbox/index.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import { GrpcSession, shown } from '../../../support/grpc-session.ts';

const sandbox = isolateSandbox();
const host = await GrpcHost.start({ sandbox });
const client = host.client();
after(async () => {
  await client[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await sandbox.close();
});

const OK = { code: 0, text: '' };
const INVALID = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const bytes = (text: string) => Buffer.from(text);

describe('CodeModeService', () => {
  it('runs a cell from its start to its end', async () => {
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const execution = session.execute(`notify('on it'); text(await tools.echo({ a: 1 }))`);
    const cellId = await execution.started();
    const call = await calls.next();
    assert.equal(call?.cellId, cellId);
    assert.equal(call.executionId, 'execution-1');
    assert.equal(call.sequence, 1n);
    assert.deepEqual(call.toolName, { name: 'echo', namespace: undefined });
    assert.equal(Buffer.from(call.inputJson!).toString(), '{"a":1}');
    const { text, callId } = await session.notified();
    assert.deepEqual([text, callId], ['on it', 'call']);
    await session.complete(call, 'hello');
    assert.deepEqual(shown(await execution.outcome()), ['completed', 'hello']);
    assert.deepEqual(await execution.stream.ended, OK);
    const closed = await session.closed();
    assert.deepEqual([closed.cellId, closed.executionId], [cellId, 'execution-1']);
    assert.equal(closed.finalToolCallSequence, 1n);
    assert.deepEqual(await session.close(), OK);
    assert.deepEqual(await session.lease.ended, OK);
    assert.deepEqual(await calls.ended, OK);
  });

  it('sends the headers of a subscription before any call', async () => {
    const session = await GrpcSession.open(client);
    const calls = client.stream('subscribeToToolCalls', { sessionId: session.sessionId });
    assert.equal((await calls.headers).get('content-type')[0], 'application/grpc');
    await session.close();
  });

  it('tells of every cell that is closed: completed, failed, terminated and dropped', async () => {
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const done = session.execute(`text(1)`);
    const doneId = await done.started();
    assert.equal((await session.closed()).cellId, doneId);
    const failed = session.execute(`throw new Error('no')`);
    const failedId = await failed.started();
    assert.equal((await session.closed()).cellId, failedId);
    const stopped = session.execute(`await tools.hold()`);
    const stoppedId = await stopped.started();
    await calls.next();
    await session.terminate(stoppedId);
    assert.equal((await session.closed()).cellId, stoppedId);
    const dropped = session.execute(`await tools.hold()`);
    const droppedId = await dropped.started();
    await calls.next();
    dropped.stream.drop();
    const closed = await session.closed();
    assert.deepEqual([closed.cellId, closed.finalToolCallSequence], [droppedId, 1n]);
    const { outcome } = (await session.wait(droppedId, 'w')).message;
    assert.equal(outcome?.$case, 'missingCell');
    await session.close();
  });

  it('closes a cell that completed unobserved when a wait has taken its completion', async () => {
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const execution = session.execute(`await tools.hold(); text('done')`, { yieldTimeMs: 0n });
    const cellId = await execution.started();
    assert.equal((await execution.outcome()).state?.$case, 'yielded');
    await session.complete((await calls.next())!, null);
    const { message, headers } = await session.wait(cellId, 'w');
    assert.deepEqual(shown(message.outcome!.value), ['completed', 'done']);
    assert.match(String(headers.get('codex-code-mode-result-buffered-for-ns')[0]), /^\d+$/);
    assert.equal((await session.closed()).cellId, cellId);
    const missing = (await session.wait(cellId, 'w2')).message.outcome;
    assert.equal(missing?.$case, 'missingCell');
    await session.close();
  });

  it('cuts output where it was asked to, and tells so when the session opens', async () => {
    const lease = client.stream('openSession', { outputTruncation: 2 });
    const opened = (await lease.next())?.event;
    assert.ok(opened?.$case === 'opened');
    assert.equal(opened.value.outputTruncation, 2);
    lease.drop();
    const session = await GrpcSession.open(client, { outputTruncation: 2 });
    const long = session.execute(`text('é'.repeat(4000))`, { maxOutputTokens: 20n });
    const [, text] = shown(await long.outcome());
    assert.match(String(text), /^Warning: truncated output \(original token count: \d+\)/);
    const failed = session.execute(`throw new Error('no')`);
    assert.match(String(shown(await failed.outcome())[1]), /^Script error:\nError: no/);
    await session.close();
  });

  it('gives a wait one observer, and lets it be cancelled, yielded and terminated', async () => {
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const execution = session.execute(`text('a'); await tools.hold()`, { yieldTimeMs: 0n });
    const cellId = await execution.started();
    await execution.outcome();
    await calls.next();
    const { sessionId } = session;
    const request = { sessionId, cellId, yieldTimeMs: 20_000n };
    const first = client.end('wait', { ...request, waitId: 'first' });
    await session.busy(cellId);
    await client.unary('cancelWait', { sessionId, waitId: 'first' });
    assert.deepEqual(await first, { code: 1, text: 'code-mode wait was cancelled' });
    const second = session.wait(cellId, 'second', 20_000n);
    await session.busy(cellId);
    const observation = { $case: 'waitId' as const, value: 'second' };
    await client.unary('yieldObservation', { sessionId, observation });
    assert.equal((await second).message.outcome?.value.state?.$case, 'yielded');
    const order: string[] = [];
    const third = session.wait(cellId, 'third', 20_000n).then(({ message }) => {
      order.push('wait');
      return message.outcome;
    });
    await session.busy(cellId);
    const { outcome } = (await session.terminate(cellId)).message;
    order.push('terminate');
    assert.equal(outcome?.value.state?.$case, 'terminated');
    assert.equal((await third)?.value.state?.$case, 'terminated');
    assert.deepEqual(order, ['terminate', 'wait']);
    await session.close();
  });

  it('remembers a cancellation and a yield that come first', async () => {
    const session = await GrpcSession.open(client);
    const { sessionId } = session;
    assert.deepEqual(await client.end('cancelWait', { sessionId, waitId: 'early' }), OK);
    const wait = { sessionId, cellId: '1', waitId: 'early', yieldTimeMs: 1n };
    assert.equal((await client.end('wait', wait)).code, 1);
    assert.equal((await client.end('wait', wait)).code, ALREADY_EXISTS);
    const observation = { $case: 'executionId' as const, value: 'execution-1' };
    assert.deepEqual(await client.end('yieldObservation', { sessionId, observation }), OK);
    const execution = session.execute(`text('a'); await new Promise(() => {})`);
    assert.equal((await execution.outcome()).state?.$case, 'yielded');
    await session.close();
  });

  it('hands calls to the subscriptions that want them, in turns', async () => {
    const session = await GrpcSession.open(client);
    const one = await session.subscribe({ name: 'echo', namespace: 'functions' });
    const two = await session.subscribe({ name: 'echo', namespace: undefined });
    const execution = session.execute(`
      const all = [tools.echo(1), tools.echo(2), tools.echo(3)];
      try { await tools.hold() } catch (error) { text(String(error)) }
      text(JSON.stringify(await Promise.all(all)));
    `);
    const taken = [await one.next(), await two.next(), await one.next()];
    const inputs = taken.map((call) => Buffer.from(call!.inputJson!).toString());
    assert.deepEqual(inputs, ['1', '2', '3']);
    for (const [index, call] of taken.entries()) await session.complete(call!, index);
    assert.deepEqual(shown(await execution.outcome()), [
      'completed',
      'no code-mode tool subscription matches the requested tool',
      '[0,1,2]',
    ]);
    await session.close();
  });

  it('fails calls beyond the capacity of the client, and tells of those that are cancelled', async () => {
    const session = await GrpcSession.open(client, { callbackCapacity: 2n });
    const calls = await session.subscribe();
    const execution = session.execute(`
      const held = [tools.hold(), tools.hold()];
      try { await tools.hold() } catch (error) { text(String(error)) }
    `);
    const ids = [(await calls.next())!.invocationId, (await calls.next())!.invocationId];
    assert.deepEqual(shown(await execution.outcome()), [
      'completed',
      'code-mode session has too many pending delegate calls',
    ]);
    const cancelled = [await session.cancelledCall(), await session.cancelledCall()];
    assert.deepEqual(cancelled.sort(), ids.sort());
    const outcome = { $case: 'failed' as const, value: { message: 'late' } };
    const { sessionId } = session;
    const late = await client.end('completeToolCall', {
      sessionId,
      invocationId: ids[0]!,
      outcome,
    });
    assert.deepEqual(late, OK);
    await session.close();
  });

  it('takes a completion once, and not one that is no JSON', async () => {
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const execution = session.execute(
      `text(await tools.echo()); text(String(await tools.echo().catch(e => e)))`,
    );
    const { sessionId } = session;
    const first = (await calls.next())!;
    const { invocationId } = first;
    for (const [outputJson, text] of [
      [bytes('{'), /^invalid code-mode tool output JSON: \S/],
      [bytes(''), /^invalid code-mode tool output JSON: \S/],
      [Buffer.from([0x22, 0xff, 0x22]), /^invalid code-mode tool output JSON: \S/],
    ] as const) {
      const outcome = { $case: 'succeeded' as const, value: { outputJson } };
      const end = await client.end('completeToolCall', { sessionId, invocationId, outcome });
      assert.equal(end.code, INVALID);
      assert.match(end.text, text);
    }
    await session.complete(first, 'once');
    await session.complete(first, 'twice');
    const second = (await calls.next())!;
    const failed = { $case: 'failed' as const, value: { message: 'it broke' } };
    await client.unary('completeToolCall', {
      sessionId,
      invocationId: second.invocationId,
      outcome: failed,
    });
    assert.deepEqual(shown(await execution.outcome()), ['completed', 'once', 'it broke']);
    await session.close();
  });

  it('ends everything with the lease, and only that', async () => {
    const other = await GrpcSession.open(client);
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const execution = session.execute(`await tools.hold()`);
    await execution.started();
    await calls.next();
    session.lease.drop();
    assert.deepEqual(await calls.ended, OK);
    assert.deepEqual(await execution.stream.ended, OK);
    const { sessionId } = session;
    const text = `unknown code-mode session ${sessionId}`;
    assert.deepEqual(await client.end('closeSession', { sessionId }), { code: NOT_FOUND, text });
    assert.deepEqual(shown(await other.execute(`text('on')`).outcome()), ['completed', 'on']);
    await other.close();
  });

  it('ends the lease with a subscription that has open calls, and only then', async () => {
    const session = await GrpcSession.open(client);
    const idle = await session.subscribe();
    idle.drop();
    await idle.ended;
    const calls = await session.subscribe();
    const execution = session.execute(`text(await tools.hold())`);
    await execution.started();
    await calls.next();
    calls.drop();
    assert.deepEqual(await session.lease.ended, OK);
    assert.deepEqual(await execution.stream.ended, OK);
  });

  it('serves a session on whatever connection its calls come', async () => {
    await using elsewhere = host.client();
    const session = await GrpcSession.open(client);
    const calls = elsewhere.stream('subscribeToToolCalls', { sessionId: session.sessionId });
    await calls.headers;
    const execution = session.execute(`text(await tools.echo(1))`);
    const call = await calls.next();
    await session.complete(call!, 'there');
    assert.deepEqual(shown(await execution.outcome()), ['completed', 'there']);
    await session.close();
  });
});
