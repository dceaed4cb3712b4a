import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { describe, it } from 'node:test';
import type { HostClient } from '../../../../host/client/host-client.ts';
import { connect } from '../../../../host/client/spawn-host.ts';
import { ToolKind } from '../../../../host/grpc/generated/code-mode.ts';
import { Status } from '../../../../host/grpc/status.ts';
import type { RemoteSession } from '../../../../host/remote/remote-session.ts';
import { brief, rejectsWith } from '../../../support/events.ts';
import { completed, type FakeCall, FakeGrpcHost } from '../../../support/fake-grpc-host.ts';
import { isSettled } from '../../../support/gates.ts';
import { ScriptedDelegate } from '../../../support/scripted-delegate.ts';

/** A session at a fake host. */
class Setup implements AsyncDisposable {
  readonly delegate = new ScriptedDelegate();
  readonly host: FakeGrpcHost;
  readonly client: HostClient;
  session!: RemoteSession;
  lease!: FakeCall<'openSession'>;
  calls!: FakeCall<'subscribeToToolCalls'>;

  constructor(host: FakeGrpcHost, client: HostClient) {
    this.host = host;
    this.client = client;
  }

  static async start(headers = {}): Promise<Setup> {
    const host = await FakeGrpcHost.start();
    const setup = new Setup(host, await connect(host.url));
    const opening = setup.client.openSession({ delegate: setup.delegate });
    Object.assign(setup, await host.open(ID, headers));
    setup.session = await opening;
    return setup;
  }

  /** Starts a cell. */
  async execute(cellId = '1') {
    const asked = this.session.execute({ source: '' });
    const execution = await this.host.started(cellId);
    const { first } = await asked;
    return { execution, first };
  }

  /** Calls `echo` as a cell. */
  call(invocationId: string, sequence: bigint, tool = 'echo', cellId = '1'): void {
    this.calls.send({
      sessionId: ID,
      executionId: 'e',
      cellId,
      invocationId,
      runtimeToolCallId: `tool-${sequence}`,
      toolName: { name: tool },
      toolKind: ToolKind.FUNCTION,
      sequence,
    });
  }

  closeCell(cellId: string, finalToolCallSequence: bigint): void {
    const value = { executionId: 'e', cellId, finalToolCallSequence };
    this.lease.send({ event: { $case: 'cellClosed', value } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.host.cut();
    await this.client.close();
    await this.host[Symbol.asyncDispose]();
  }
}

const ID = '00000000-0000-4000-8000-000000000001';

describe('A session over gRPC whose connection is cut', () => {
  it('fails what is pending, ends its calls, and is lost', async () => {
    await using setup = await Setup.start();
    const { session, delegate, host } = setup;
    const { first } = await setup.execute();
    setup.call('i', 1n, 'block');
    await delegate.saw('1 tool-1 started');
    const waiting = session.observe('1');
    await host.next('wait');
    host.cut();
    await rejectsWith(first, 'connection_lost');
    await rejectsWith(waiting, 'connection_lost');
    await delegate.saw('1 tool-1 cancelled: disconnect');
    await delegate.saw('1 closed');
    assert.match((await session.ended).message, /connection/i);
    await rejectsWith(session.execute({ source: '' }), 'state_lost');
    await setup.client.ended;
    assert.notEqual(setup.client.failure, null);
    assert.deepEqual(setup.client.counts, { unanswered: 0, running: 0 });
  });
});

describe('A session over gRPC whose host ends it', () => {
  for (const stream of ['lease', 'calls'] as const) {
    it(`is lost with the stream of its ${stream}, and the connection stays`, async () => {
      await using setup = await Setup.start();
      const { session, delegate, host, client } = setup;
      const { first } = await setup.execute();
      setup.call('i', 1n, 'block');
      await delegate.saw('1 tool-1 started');
      setup[stream].end(Status.unavailable, 'going away');
      await rejectsWith(first, 'connection_lost');
      await delegate.saw('1 tool-1 cancelled: disconnect');
      assert.match((await session.ended).message, /going away/);
      await rejectsWith(session.execute({ source: '' }), 'state_lost');
      assert.equal(client.failure, null);
      const opening = client.openSession({ delegate });
      await host.open('00000000-0000-4000-8000-000000000002');
      assert.equal((await opening).id, '00000000-0000-4000-8000-000000000002');
    });
  }

  it('is lost if a balancer says that its host is gone', async () => {
    await using setup = await Setup.start({ 'x-code-mode-route': 'a' });
    const { session, host } = setup;
    const waiting = session.observe('1');
    const wait = await host.next('wait');
    assert.equal(wait.headers['x-code-mode-route'], 'a');
    wait.end(Status.unavailable, 'no such route', { 'x-code-mode-route-lost': 'true' });
    await rejectsWith(waiting, 'connection_lost');
    await rejectsWith(session.execute({ source: '' }), 'state_lost');
  });

  it('stays if only one of its requests fails', async () => {
    await using setup = await Setup.start();
    const { session, host } = setup;
    const waiting = session.observe('1');
    const busy = 'exec cell 1 already has an active observer';
    (await host.next('wait')).end(Status.failedPrecondition, busy);
    await rejectsWith(waiting, 'cell_busy');
    const asked = session.execute({ source: '' });
    (await host.next('execute')).end(Status.unavailable, 'try later');
    await rejectsWith(asked, 'connection_lost');
    const { execution, first } = await setup.execute('2');
    execution.send(completed('2', 'on')).end();
    setup.closeCell('2', 0n);
    assert.equal(brief(await first), 'completed: on');
  });
});

describe('An execute over gRPC', () => {
  const faults: readonly [string, (execution: FakeCall<'execute'>) => void][] = [
    ['an end without an outcome', (execution) => execution.end()],
    ['an outcome of another cell', (execution) => execution.send(completed('7', '')).end()],
    ['a second start', (execution) => startAgain(execution)],
    ['bytes that are no message', (execution) => execution.raw(0, 0, 0, 0, 1, 0xff)],
    ['a flag that is none', (execution) => execution.raw(9, 0, 0, 0, 0)],
    ['an end within a message', (execution) => execution.raw(0, 0, 0, 0, 9, 1).end()],
    ['a reset', (execution) => execution.reset(constants.NGHTTP2_INTERNAL_ERROR)],
  ];
  for (const [what, fault] of faults) {
    it(`fails with peer_failed after ${what}, and the session goes on`, async () => {
      await using setup = await Setup.start();
      const { execution, first } = await setup.execute();
      fault(execution);
      await rejectsWith(first, 'peer_failed');
      const next = await setup.execute('2');
      next.execution.send(completed('2', 'on')).end();
      setup.closeCell('2', 0n);
      assert.equal(brief(await next.first), 'completed: on');
    });
  }

  it('fails with limit_exceeded after a message that is too large', async () => {
    await using setup = await Setup.start();
    const { execution, first } = await setup.execute();
    execution.raw(0, 4, 0, 0, 1);
    await rejectsWith(first, 'limit_exceeded');
    assert.equal(await execution.closed, constants.NGHTTP2_CANCEL);
  });

  it('fails with unsupported after a compressed message', async () => {
    await using setup = await Setup.start();
    const { execution, first } = await setup.execute();
    execution.raw(1, 0, 0, 0, 0);
    await rejectsWith(first, 'unsupported');
  });

  it('that is too large is refused, and nothing is sent', async () => {
    await using setup = await Setup.start();
    const source = 'x'.repeat(64 << 20);
    await rejectsWith(setup.session.execute({ source }), 'limit_exceeded');
    assert.ok(!setup.host.log.includes('execute'));
  });

  it('is sent again if the host has not looked at it', async () => {
    await using setup = await Setup.start();
    const asked = setup.session.execute({ source: '' });
    const refused = await setup.host.next('execute');
    refused.reset(constants.NGHTTP2_REFUSED_STREAM);
    await setup.host.started('1');
    assert.equal((await asked).cellId, '1');
  });
});

function startAgain(execution: FakeCall<'execute'>): void {
  const { executionId } = execution.request;
  execution.send({ event: { $case: 'started', value: { executionId, cellId: '1' } } });
}

describe('What arrives on different streams', () => {
  it('closes a cell behind its calls', async () => {
    await using setup = await Setup.start();
    const { delegate } = setup;
    await setup.execute();
    setup.closeCell('1', 2n);
    setup.call('a', 1n, 'never');
    setup.call('b', 2n, 'never');
    await delegate.saw('1 closed');
    assert.deepEqual(delegate.log, [
      '1 tool-1 started',
      '1 tool-2 started',
      '1 tool-1 cancelled: completion',
      '1 tool-2 cancelled: completion',
      '1 closed',
    ]);
  });

  it('cancels a call that arrives behind its cancellation', async () => {
    await using setup = await Setup.start();
    const { delegate } = setup;
    await setup.execute();
    setup.lease.send({ event: { $case: 'toolCallCancelled', value: { invocationId: 'a' } } });
    setup.call('a', 1n, 'block');
    await delegate.saw('1 tool-1 cancelled: completion');
    assert.ok(!setup.host.log.includes('completeToolCall'));
  });

  it('keeps calls until the cell is known', async () => {
    await using setup = await Setup.start();
    const { delegate, host, session } = setup;
    const asked = session.execute({ source: '' });
    const execution = await host.next('execute');
    setup.call('a', 1n);
    setup.lease.send({
      event: {
        $case: 'notification',
        value: {
          notificationId: 'n',
          executionId: execution.request.executionId,
          cellId: '1',
          callId: execution.request.executionId,
          text: 'hello',
        },
      },
    });
    const { executionId } = execution.request;
    execution.send({ event: { $case: 'started', value: { executionId, cellId: '1' } } });
    await asked;
    const { outcome } = (await host.next('completeToolCall')).request;
    assert.equal(outcome?.$case, 'succeeded');
    await delegate.saw('1 note hello finished');
    assert.deepEqual(delegate.notifications, [{ cellId: '1', callId: null, text: 'hello' }]);
  });

  it('reports a completion behind its notifications', async () => {
    await using setup = await Setup.start();
    const { delegate } = setup;
    const { execution, first } = await setup.execute();
    execution.send(completed('1', 'done')).end();
    const value = {
      notificationId: 'n',
      executionId: 'e',
      cellId: '1',
      callId: 'c',
      text: 'block',
    };
    setup.lease.send({ event: { $case: 'notification', value } });
    setup.closeCell('1', 0n);
    await delegate.saw('1 note block started');
    assert.equal(await isSettled(first), false);
    delegate.notes.release();
    (await setup.host.next('acknowledgeNotification')).answer({});
    assert.equal(brief(await first), 'completed: done');
    assert.deepEqual(delegate.log, ['1 note block started', '1 note block finished', '1 closed']);
  });

  it('loses a session that gets a call twice', async () => {
    await using setup = await Setup.start();
    await setup.execute();
    setup.call('a', 1n, 'never');
    setup.call('a', 2n, 'never');
    assert.match((await setup.session.ended).message, /a second tool call a/);
    assert.equal(setup.client.failure, null);
  });
});
