import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { REQUEST_LIMITS } from '../../../../host/core/request-limits.ts';
import {
  CompleteToolCallRequest,
  ExecuteRequest,
  type ToolDefinition,
  WaitRequest,
} from '../../../../host/grpc/generated/code-mode.ts';
import {
  decodeCompletion,
  decodeExecute,
  decodeSmall,
} from '../../../../host/grpc/server/large-requests.ts';
import { readExecute } from '../../../../host/grpc/server/requests.ts';
import { ErrorText } from '../../../../src/errors.ts';
import { JsonScanner } from '../../../../src/json/json-scanner.ts';
import { grpcTool } from '../../../support/grpc-session.ts';

const IDS = { sessionId: 's', executionId: 'e', toolCallId: 'c', source: '1' };

function execute(enabledTools: readonly ToolDefinition[], fields: object = {}): Buffer {
  const request = { ...IDS, enabledTools: [...enabledTools], ...fields };
  return Buffer.from(ExecuteRequest.encode(request).finish());
}

function schemaOf(values: number): Buffer {
  return Buffer.from(`[${'0,'.repeat(values - 2)}0]`);
}

describe('A large request', () => {
  it('is read as any other: its schemas when somebody wants them', async (t) => {
    const schema = { text: 'x'.repeat(100_000) };
    const inputSchemaJson = Buffer.from(JSON.stringify(schema));
    const outputSchemaJson = Buffer.from('{"type":"string"}');
    const tools = [{ ...grpcTool('a'), inputSchemaJson, outputSchemaJson }, grpcTool('b')];
    const parse = t.mock.method(JSON, 'parse');
    const program = await readExecute(decodeExecute(execute(tools)));
    assert.equal(parse.mock.callCount(), 0);
    assert.deepEqual(program.tools?.[0]?.inputSchema, schema);
    assert.deepEqual(program.tools?.[0]?.inputSchema, schema);
    assert.equal(parse.mock.callCount(), 1);
    assert.deepEqual({ ...program.tools?.[0] }.outputSchema, { type: 'string' });
    assert.equal('inputSchema' in program.tools![1]!, false);
  });

  it('has its schemas looked at in pieces', async (t) => {
    let most = 0;
    const push = JsonScanner.prototype.push;
    t.mock.method(JsonScanner.prototype, 'push', function (this: JsonScanner, bytes, start, end) {
      most = Math.max(most, end - start);
      return push.call(this, bytes, start, end);
    } as typeof push);
    const inputSchemaJson = Buffer.from(`"${'\\u00e9'.repeat(1_000_000)}"`);
    await readExecute(decodeExecute(execute([{ ...grpcTool('a'), inputSchemaJson }])));
    assert.equal(most, 64 << 10);
  });

  it('is refused for schemas that are no JSON, or have too many values', async () => {
    const long = 'x'.repeat(70_000);
    for (const [schemas, why] of [
      [[`"${long}`], /invalid tool input schema: it is not JSON/],
      [[`"${long}"`, '{} {}'], /invalid tool output schema: it is not JSON/],
    ] as const) {
      const [input, output] = schemas.map((json) => Buffer.from(json));
      const tool = { ...grpcTool('a'), inputSchemaJson: input, outputSchemaJson: output };
      await assert.rejects(async () => readExecute(decodeExecute(execute([tool]))), why);
    }
    const { maxSchemaValues } = REQUEST_LIMITS;
    const third = Math.floor(maxSchemaValues / 3);
    const of = (a: number, b: number) => ({
      ...grpcTool('tool'),
      inputSchemaJson: schemaOf(a),
      outputSchemaJson: schemaOf(b),
    });
    const tools = [of(third, third), of(maxSchemaValues - 2 * third - 2, 2)];
    assert.equal((await readExecute(decodeExecute(execute(tools)))).tools?.length, 2);
    await assert.rejects(async () => readExecute(decodeExecute(execute([...tools, of(2, 2)]))), {
      code: 'limit_exceeded',
      message: /the schemas of the tools have more than 500000 values/,
    });
  });

  it('is refused if too much of it would have to be decoded', () => {
    const { maxTools, maxParsedBytes } = REQUEST_LIMITS;
    const tools = Array.from({ length: maxTools }, (_, n) => grpcTool(`tool_${n}`));
    assert.equal(decodeExecute(execute(tools)).enabledTools.length, maxTools);
    const tooMany = /more than 5000 tools/;
    assert.throws(() => decodeExecute(execute([...tools, grpcTool('last')])), tooMany);
    const schema = { ...grpcTool('a'), inputSchemaJson: Buffer.alloc(maxParsedBytes, ' ') };
    const rest = execute([schema]).length - schema.inputSchemaJson.length;
    const most = { source: 'x'.repeat(maxParsedBytes - rest - 20) };
    decodeExecute(execute([schema], most));
    const over = { source: 'x'.repeat(maxParsedBytes) };
    assert.throws(() => decodeExecute(execute([schema], over)), /8388608 bytes besides schemas/);
    const fields = Buffer.alloc(300_000, Buffer.from([0x78, 1]));
    const nested = new BinaryWriter().tag(5, 2).fork().tag(2, 2).bytes(fields).join().finish();
    for (const body of [fields, Buffer.from(nested)]) {
      assert.throws(() => decodeExecute(body), /too many fields/);
    }
    const wait = Buffer.alloc((1 << 20) + 2, Buffer.from([0x78, 1]));
    assert.throws(() => decodeSmall(WaitRequest, wait), /more than 1048576 bytes/);
  });
});

describe('The answer to a tool call', () => {
  const large = fc.constantFrom('', 'x'.repeat(70_000), '€'.repeat(30_000));
  const outcome = fc.oneof(
    large.map((text) => ({ $case: 'failed' as const, value: { message: text } })),
    large.map((text) => ({
      $case: 'succeeded' as const,
      value: { outputJson: Buffer.from(text) },
    })),
    fc.constant(undefined),
  );

  it('is read as generated code reads it, however large it is (property)', () => {
    const request = fc.record({ sessionId: fc.string(), invocationId: fc.string(), outcome });
    fc.assert(
      fc.property(request, (sent) => {
        const bytes = Buffer.from(CompleteToolCallRequest.encode(sent).finish());
        const read = decodeCompletion(bytes);
        const { outcome: got } = read;
        const isCarried = got?.$case === 'failed' && got.value.message instanceof ErrorText;
        assert.equal(isCarried, got?.$case === 'failed' && bytes.length >= 64 << 10);
        const plain =
          got?.$case === 'failed' && got.value.message instanceof ErrorText
            ? { ...got, value: { message: got.value.message.text } }
            : got;
        const wanted = CompleteToolCallRequest.decode(bytes);
        assert.equal(read.sessionId, wanted.sessionId);
        assert.equal(read.invocationId, wanted.invocationId);
        assert.deepEqual(plain, wanted.outcome);
      }),
      { numRuns: 100 },
    );
  });

  it('is refused if it is large and no message', () => {
    const bytes = Buffer.alloc(70_000, 0xff);
    assert.throws(() => decodeCompletion(bytes), /failed to decode Protobuf message/);
    const id = new BinaryWriter().tag(1, 2).string('x'.repeat(70_000)).finish();
    assert.throws(() => decodeCompletion(Buffer.from(id)), /an ID exceeds 256 bytes/);
    const text = new BinaryWriter().tag(4, 2).fork().tag(1, 2).bytes(bytes).join().finish();
    assert.throws(() => decodeCompletion(Buffer.from(text)), /a text is not UTF-8/);
  });
});
