import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompleteToolCallRequest } from '../../host/grpc/generated/code-mode.ts';
import { type FakeRun, FakeSandbox } from '../support/fake-sandbox.ts';
import { GrpcHost } from '../support/grpc-host.ts';
import { GrpcSession } from '../support/grpc-session.ts';
import { framed, RawGrpc } from '../support/raw-grpc.ts';
import { standstillMs } from '../support/standstill.ts';
import { connectWithSession, hostOf } from '../support/v1-peer.ts';

const SIZE = 30_000_000;
/** A tenth of what parsing such a result takes. A host that has its processor for itself stands still for 30 ms. */
const MAX_STANDSTILL_MS = 500;

const RESULTS: Readonly<Record<string, () => string>> = {
  'many small objects': () => `[${'{},'.repeat(SIZE / 3)}{}]`,
  'one long text': () => `"${'x'.repeat(SIZE)}"`,
  'one deep array': () => '['.repeat(SIZE / 2) + ']'.repeat(SIZE / 2),
  'many escapes': () => `"${'\\u00e9'.repeat(SIZE / 6)}"`,
};

function asksOnce(run: FakeRun): void {
  run.start();
  void run.callTool().then(({ text }) => {
    run.text(String(text.length));
    run.end();
  });
}

function starts(run: FakeRun): void {
  run.start();
  run.end();
}

describe('A host that is asked for stored values', () => {
  it('keeps its event loop turning, however many there are in one', async () => {
    const json = `[${'{},'.repeat(5_000_000)}{}]`;
    const store = (run: FakeRun) => {
      run.start();
      run.store('key', json);
      run.end();
    };
    const { peer, host } = await scripted(store);
    await peer.initial(peer.execute('once'));
    // The client's own parsing is not the host's.
    const { promise, resolve } = Promise.withResolvers<string>();
    peer.parse = (text) => {
      if (text.length < json.length) return JSON.parse(text);
      resolve(text);
      return {};
    };
    const longestMs = await standstillMs(async () => {
      peer.request('session/values');
      assert.ok((await promise).endsWith(`"values":[["key",${json}]]}}}`));
    });
    assert.ok(longestMs < MAX_STANDSTILL_MS, `${longestMs} ms`);
    await peer.close();
    await host.close();
  });
});

async function scripted(once: (run: FakeRun) => void) {
  const { host } = hostOf({ programs: { once } });
  const { peer } = await connectWithSession(host, 'cellhost.cells');
  return { peer, host };
}

describe('A host to which a client sends a result of 30 MB', () => {
  for (const [what, make] of Object.entries(RESULTS)) {
    it(`keeps its event loop turning over frames: ${what}`, async () => {
      const { peer } = await connectWithSession(hostOf({ programs: { once: asksOnce } }).host);
      const execute = peer.execute('once');
      const { id } = await peer.nextOf('delegate/request');
      const json = make();
      const message = Buffer.from(
        `{"type":"delegate/response","id":${id},"result":{"status":"ok","value":{"type":"tool/result","result":${json}}}}`,
      );
      const longestMs = await standstillMs(async () => {
        peer.sendText(message);
        assert.match(JSON.stringify(await peer.initial(execute)), new RegExp(`"${json.length}"`));
      });
      assert.ok(longestMs < MAX_STANDSTILL_MS, `${longestMs} ms`);
      await peer.close();
    });

    it(`keeps its event loop turning over gRPC: ${what}`, async () => {
      const sandbox = new FakeSandbox({ '': starts, once: asksOnce });
      await using host = await GrpcHost.start({ sandbox });
      await using client = host.client();
      const session = await GrpcSession.open(client);
      const calls = await session.subscribe();
      const execution = session.execute('once');
      const { invocationId } = (await calls.next())!;
      const outcome = { $case: 'succeeded', value: { outputJson: Buffer.from(make()) } } as const;
      const request = { sessionId: session.sessionId, invocationId, outcome };
      const message = framed(Buffer.from(CompleteToolCallRequest.encode(request).finish()));
      using raw = new RawGrpc(host.address, { maxSessionMemory: 1_000 });
      const longestMs = await standstillMs(async () => {
        const end = await raw.call('CompleteToolCall', [message]);
        assert.equal(end['grpc-status'], '0');
        await execution.outcome();
      });
      assert.ok(longestMs < MAX_STANDSTILL_MS, `${longestMs} ms`);
      await session.close();
    });
  }
});
