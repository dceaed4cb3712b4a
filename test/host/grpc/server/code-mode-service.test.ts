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
    assert.deepEqual(await execution.stream.ended, { code: 0, text: '' });
    const closed = await session.closed();
    assert.deepEqual([closed.cellId, closed.executionId], [cellId, 'execution-1']);
    assert.equal(closed.finalToolCallSequence, 1n);
    await client.unary('closeSession', { sessionId: session.sessionId });
    assert.deepEqual(await session.lease.ended, { code: 0, text: '' });
    assert.deepEqual(await calls.ended, { code: 0, text: '' });
  });
});
