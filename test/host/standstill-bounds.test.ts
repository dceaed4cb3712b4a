import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { CompleteToolCallRequest, ExecuteRequest } from '../../host/grpc/generated/code-mode.ts';
import { type FakeProgram, type FakeRun, FakeSandbox } from '../support/fake-sandbox.ts';
import { GrpcHost } from '../support/grpc-host.ts';
import { executing, GrpcSession, grpcTool } from '../support/grpc-session.ts';
import { framed, RawGrpc } from '../support/raw-grpc.ts';
import { standstillMs } from '../support/standstill.ts';
import { connectWithSession, hostOf } from '../support/v1-peer.ts';

const MEBI = 1 << 20;
/** A host that has its processor for itself stands still for a tenth of that at most. */
const MAX_STANDSTILL_MS = 500;
const LARGE_CLIENT = { maxSessionMemory: 1_000, settings: { initialWindowSize: 128 * MEBI } };

/** Each is as long as one answer may be, as JSON or as UTF-8. */
const TEXTS: Readonly<Record<string, () => string>> = {
  letters: () => 'x'.repeat(16 * MEBI),
  'control characters': () => '\x01'.repeat(9 * MEBI),
  'characters of three bytes': () => '€'.repeat(16 * MEBI),
};
const SCHEMA = () => Buffer.from(`"${'\\u00e9'.repeat(10 * MEBI)}"`);

function program(act: (run: FakeRun) => unknown): FakeProgram {
  return (run) => {
    run.start();
    void Promise.resolve(act(run)).then(() => run.end());
  };
}

/** A program that calls a tool and outputs the length of its error. */
const asks = program(async (run) => {
  const { ok, text } = await run.callTool();
  run.text(`${ok} ${text.length}`);
});

/** A client of frames that looks only at the beginning of what is large: its parsing is not the host's. */
async function framesClient(act: FakeProgram) {
  const { host } = hostOf({ programs: { act } });
  const { peer } = await connectWithSession(host, 'cellhost.cells');
  peer.parse = (text) => {
    if (text.length < MEBI) return JSON.parse(text);
    const [, type, id] = /^\{"type":"([^"]+)","id":(\d+)/.exec(text) ?? [];
    return { type, id: Number(id), size: text.length, result: { value: 'large' } };
  };
  return peer;
}

async function assertTurns(work: () => Promise<void>): Promise<void> {
  const longestMs = await standstillMs(work);
  assert.ok(longestMs < MAX_STANDSTILL_MS, `${longestMs} ms`);
}

describe('The event loop of a host keeps turning over frames', () => {
  for (const [what, make] of Object.entries(TEXTS)) {
    it(`while it answers with as much output as it may: ${what}`, async () => {
      const text = make();
      const peer = await framesClient(program((run) => run.text(text)));
      await assertTurns(async () => {
        assert.equal(await peer.initial(peer.execute('act')), 'large');
      });
      await peer.close();
    });

    it(`while it passes on a notification: ${what}`, async () => {
      const text = make();
      const peer = await framesClient(program((run) => run.notify(text)));
      await assertTurns(async () => {
        const execute = peer.execute('act');
        const { id, size } = await peer.nextOf('delegate/request');
        assert.ok(Number(size) > text.length);
        peer.respond(id, { type: 'notification/delivered' });
        await peer.initial(execute);
      });
      await peer.close();
    });
  }

  it('while it passes on the error of a tool', async () => {
    const peer = await framesClient(asks);
    const execute = peer.execute('act');
    const { id } = await peer.nextOf('delegate/request');
    const message = SCHEMA();
    const head = `{"type":"delegate/response","id":${id},"result":{"status":"error","message":`;
    const body = Buffer.concat([Buffer.from(head), message, Buffer.from('}}')]);
    await assertTurns(async () => {
      peer.sendText(body);
      const answer = JSON.stringify(await peer.initial(execute));
      assert.match(answer, new RegExp(`"false ${10 * MEBI}"`));
    });
    await peer.close();
  });

  it('while it reads a request with schemas', async () => {
    const peer = await framesClient(program(() => {}));
    const tool = '{"name":"t","tool_name":{"name":"t","namespace":null},"kind":"function"';
    const head = `{"type":"operation/request","id":77,"request":{"method":"session/execute","sessionId":"s","request":{"tool_call_id":null,"source":"act","yield_time_ms":null,"max_output_tokens":null,"enabled_tools":[${tool},"description":"d","input_schema":`;
    const body = Buffer.concat([Buffer.from(head), SCHEMA(), Buffer.from('}]}}}')]);
    await assertTurns(async () => {
      peer.sendText(body);
      assert.match(JSON.stringify(await peer.initial(77)), /"completed"/);
    });
    await peer.close();
  });
});

/** A session over gRPC, and a client beside it that reads bytes only. */
async function grpcClient(act: FakeProgram) {
  const sandbox = new FakeSandbox({ '': program(() => {}), act });
  const host = await GrpcHost.start({ sandbox });
  const client = host.client();
  const session = await GrpcSession.open(client);
  const raw = new RawGrpc(host.address, LARGE_CLIENT);
  await once(raw.http, 'connect');
  raw.http.setLocalWindowSize(128 * MEBI);
  return {
    session,
    raw,
    async [Symbol.asyncDispose]() {
      await session.close();
      raw[Symbol.dispose]();
      await client[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}

describe('The event loop of a host keeps turning over gRPC', () => {
  for (const [what, make] of Object.entries(TEXTS)) {
    it(`while it answers with as much output as it may: ${what}`, async () => {
      const text = make();
      await using client = await grpcClient(program((run) => run.text(text)));
      await assertTurns(async () => {
        let bytes = 0;
        const stream = client.raw.open('Execute');
        stream.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        stream.end(executing(client.session.sessionId, 'raw', 'act'));
        await once(stream, 'close');
        assert.ok(bytes > Buffer.byteLength(text));
      });
    });
  }

  it('while it passes on the error of a tool', async () => {
    await using client = await grpcClient(asks);
    const { session, raw } = client;
    const calls = await session.subscribe();
    const execution = session.execute('act');
    const { invocationId } = (await calls.next())!;
    const outcome = { $case: 'failed', value: { message: '€'.repeat(20 * MEBI) } } as const;
    const request = { sessionId: session.sessionId, invocationId, outcome };
    const message = framed(Buffer.from(CompleteToolCallRequest.encode(request).finish()));
    await assertTurns(async () => {
      const end = await raw.call('CompleteToolCall', [message]);
      assert.equal(end['grpc-status'], '0');
      const { contentItems } = await execution.outcome();
      assert.match(JSON.stringify(contentItems), new RegExp(`"false ${20 * MEBI}"`));
    });
  });

  it('while it reads a request with schemas', async () => {
    await using client = await grpcClient(program(() => {}));
    const { session, raw } = client;
    const enabledTools = [{ ...grpcTool('t'), inputSchemaJson: SCHEMA() }];
    const ids = { sessionId: session.sessionId, executionId: 'raw', toolCallId: 'call' };
    const request = ExecuteRequest.encode({ ...ids, source: 'act', enabledTools }).finish();
    const message = framed(Buffer.from(request));
    await assertTurns(async () => {
      const end = await raw.call('Execute', [message]);
      assert.equal(end['grpc-status'], '0');
    });
  });
});
