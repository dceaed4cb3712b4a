import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  CodeModeHostDefinition,
  CompleteToolCallRequest,
  ExecuteRequest,
} from '../../../host/grpc/generated/code-mode.ts';
import {
  decodeMessage,
  encodeMessage,
  MAX_MESSAGE_BYTES,
  MessageSplitter,
} from '../../../host/grpc/message-framing.ts';
import { Status } from '../../../host/grpc/status.ts';

const METHODS = Object.values(CodeModeHostDefinition.methods);

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const splitter = new MessageSplitter();
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((x, y) => x - y)];
  const bodies = edges.flatMap((edge, at) => {
    splitter.push(Buffer.from(bytes.subarray(edge, edges[at + 1] ?? bytes.length)));
    const some: Buffer[] = [];
    for (let body = splitter.next(); body !== null; body = splitter.next()) some.push(body);
    return some;
  });
  splitter.end();
  return bodies;
}

const fields = {
  sessionId: fc.string(),
  executionId: fc.string(),
  toolCallId: fc.string(),
  source: fc.string({ unit: 'grapheme', size: 'large' }),
  enabledTools: fc.array(fc.nat(), { maxLength: 0 }).map(() => []),
  yieldTimeMs: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
  maxOutputTokens: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
};
const request = fc.record(fields, { noNullPrototype: true });

describe('Messages in a stream', () => {
  it('have a flag and a big-endian length before them', () => {
    const message = { sessionId: '', invocationId: 'é', outcome: undefined };
    assert.deepEqual(
      [...encodeMessage(CompleteToolCallRequest, message)],
      [0, 0, 0, 0, 4, 0x12, 2, 0xc3, 0xa9],
    );
  });

  it('come back, however the data is cut (property)', () => {
    fc.assert(
      fc.property(fc.array(request), fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map((one) => encodeMessage(ExecuteRequest, one)));
        const read = split(bytes, cuts).map((body) => decodeMessage(ExecuteRequest, body));
        assert.deepEqual(read, sent);
      }),
    );
  });

  it('may be as large as the limit, and no larger', () => {
    const of = (length: number) => ({
      sessionId: '',
      invocationId: '',
      outcome: { $case: 'failed', value: { message: 'x'.repeat(length) } } as const,
    });
    // The tags and lengths of two fields come on top.
    const most = MAX_MESSAGE_BYTES - 10;
    const [body] = split(encodeMessage(CompleteToolCallRequest, of(most)), []);
    assert.equal(body?.length, MAX_MESSAGE_BYTES);
    assert.throws(() => encodeMessage(CompleteToolCallRequest, of(most + 1)), {
      status: Status.outOfRange,
      message:
        'Error, encoded message length too large: found 67108865 bytes, the limit is: 67108864 bytes',
    });
    assert.throws(() => split(Buffer.from([0, 4, 0, 0, 1]), []), {
      status: Status.outOfRange,
      message:
        'Error, decoded message length too large: found 67108865 bytes, the limit is: 67108864 bytes',
    });
  });

  it('must not be compressed, cut off or behind a wrong flag', () => {
    assert.throws(() => split(Buffer.from([1, 0, 0, 0, 0]), []), { status: Status.unimplemented });
    assert.throws(() => split(Buffer.from([2, 0, 0, 0, 0]), []), { status: Status.internal });
    assert.throws(() => split(Buffer.from([0, 0, 0, 0, 2, 7]), []), { status: Status.internal });
    assert.throws(() => split(Buffer.from([0, 0]), []), { status: Status.internal });
  });

  it('are read or refused as internal, whatever the bytes are (property)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom(...METHODS),
        (bytes, method) => {
          for (const type of [method.requestType, method.responseType]) {
            try {
              decodeMessage<unknown>(type, bytes);
            } catch (error) {
              assert.equal((error as { status: Status }).status, Status.internal);
            }
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
