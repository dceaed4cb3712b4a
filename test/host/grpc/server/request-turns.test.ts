import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, it, type TestContext } from 'node:test';
import { isolateSandbox } from '../../../../sandbox/index.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import { executing, GrpcSession } from '../../../support/grpc-session.ts';
import { RawGrpc } from '../../../support/raw-grpc.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

/** Large requests that are read at a time. */
const AT_ONCE = 4;
/** A large request runs a program that waits. */
const SOURCE = `/*${'x'.repeat(100 << 10)}*/ await new Promise((go) => setTimeout(go, 1e6));`;

/** Nobody gets a turn because others make no use of theirs. */
function stopStallClock(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
}

describe('A large request over gRPC', { timeout: 20_000 }, () => {
  it('lets the next one be read when it is whole, not only when it is answered', async (t) => {
    await using host = await GrpcHost.start({ sandbox });
    await using client = host.client();
    const session = await GrpcSession.open(client);
    stopStallClock(t);
    const executions = Array.from({ length: AT_ONCE + 1 }, () => session.execute(SOURCE));
    const cells = await Promise.all(executions.map((execution) => execution.started()));
    assert.equal(new Set(cells).size, AT_ONCE + 1);
    t.mock.timers.reset();
    await session.close();
  });

  it('lets the next one be read when its client lets go of it', async (t) => {
    await using host = await GrpcHost.start({ sandbox });
    await using client = host.client();
    const session = await GrpcSession.open(client);
    using raw = new RawGrpc(host.address);
    await once(raw.http, 'remoteSettings');
    stopStallClock(t);
    const begun = Array.from({ length: AT_ONCE }, () => raw.open('Execute'));
    const written = begun.map(async (stream, n) => {
      const part = executing(session.sessionId, `begun-${n}`, SOURCE).subarray(0, 80 << 10);
      await new Promise((sent) => stream.write(part, sent));
    });
    await Promise.all(written);
    const next = raw.open('Execute');
    next.end(executing(session.sessionId, 'next', SOURCE));
    const answered = once(next, 'data');
    for (const stream of begun) stream.close();
    await answered;
    t.mock.timers.reset();
    await session.close();
  });
});

describe('A request over gRPC', () => {
  it('is for a session whose id may be written in capitals, with hyphens or without', async () => {
    await using host = await GrpcHost.start({ sandbox });
    await using client = host.client();
    for (const written of [
      (id: string) => id,
      (id: string) => id.toUpperCase(),
      (id: string) => id.replaceAll('-', ''),
    ]) {
      const { sessionId } = await GrpcSession.open(client);
      assert.equal((await client.end('closeSession', { sessionId: written(sessionId) })).code, 0);
    }
  });
});
