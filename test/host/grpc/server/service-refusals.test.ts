import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ExecuteRequest } from '../../../../host/grpc/generated/code-mode.ts';
import { isolateSandbox } from '../../../../sandbox/index.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import type { GrpcJsClient } from '../../../support/grpc-js-client.ts';
import { GrpcSession, grpcTool } from '../../../support/grpc-session.ts';

const sandbox = isolateSandbox();
const host = await GrpcHost.start({ sandbox });
const client = host.client();
after(async () => {
  await client[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await sandbox.close();
});

const OK = { code: 0, text: '' };
const UNKNOWN = '7f7d16ba-3b0c-4d4a-9e1c-6f1f0a0f5a11';
const INVALID = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const LONG = 'x'.repeat(257);
const bytes = (text: string) => Buffer.from(text);

type UnaryCase = Parameters<GrpcJsClient['end']>;

describe('CodeModeService', () => {
  it('answers what it does not understand with the status and text of the reference host', async () => {
    const session = await GrpcSession.open(client);
    const { sessionId } = session;
    const cases: readonly [...UnaryCase, number, string][] = [
      ['closeSession', {}, INVALID, 'code-mode session ID must not be empty'],
      ['closeSession', { sessionId: 'x' }, INVALID, 'code-mode session ID must be a UUID'],
      ['closeSession', { sessionId: UNKNOWN }, NOT_FOUND, `unknown code-mode session ${UNKNOWN}`],
      ['wait', { sessionId, waitId: 'w' }, INVALID, 'code-mode cell ID must not be empty'],
      ['wait', { sessionId, cellId: '1' }, INVALID, 'code-mode wait ID must not be empty'],
      [
        'wait',
        { sessionId, cellId: LONG, waitId: 'w' },
        INVALID,
        'code-mode cell ID exceeds 256 bytes',
      ],
      ['cancelWait', { sessionId }, INVALID, 'code-mode wait ID must not be empty'],
      ['terminate', { sessionId }, INVALID, 'code-mode cell ID must not be empty'],
      ['yieldObservation', { sessionId }, INVALID, 'missing code-mode observation ID'],
      [
        'completeToolCall',
        { sessionId, invocationId: 'x' },
        INVALID,
        'code-mode tool invocation ID must be a UUID',
      ],
      [
        'completeToolCall',
        { sessionId, invocationId: UNKNOWN },
        INVALID,
        'tool completion is missing its outcome',
      ],
      [
        'completeToolCall',
        { sessionId, invocationId: UNKNOWN, outcome: { $case: 'failed', value: { message: '' } } },
        NOT_FOUND,
        `unknown code-mode tool invocation ${UNKNOWN}`,
      ],
      [
        'acknowledgeNotification',
        { sessionId, notificationId: 'x' },
        INVALID,
        'code-mode notification ID must be a UUID',
      ],
      ['getProcessMetrics', {}, 12, 'process metrics are unsupported'],
    ];
    for (const [name, request, code, text] of cases) {
      assert.deepEqual(await client.end(name, request), { code, text }, `${name}: ${text}`);
    }
    const acknowledged = { sessionId, notificationId: UNKNOWN };
    assert.deepEqual(await client.end('acknowledgeNotification', acknowledged), OK);
    await session.close();
  });

  it('refuses sessions, subscriptions and executions by name of what is wrong', async () => {
    const session = await GrpcSession.open(client);
    const { sessionId } = session;
    const ended = (stream: { readonly ended: Promise<object> }) => stream.ended;
    const invalid = (text: string) => ({ code: INVALID, text });
    assert.deepEqual(
      await ended(client.stream('openSession', { callbackCapacity: 0n })),
      invalid('callback capacity must be positive'),
    );
    assert.deepEqual(
      await ended(client.stream('openSession', { outputTruncation: 9 as 2 })),
      invalid('unknown code-mode output truncation mode'),
    );
    const toolNames = Array.from({ length: 65 }, (_, index) => ({ name: `t${index}` }));
    assert.deepEqual(
      await ended(client.stream('subscribeToToolCalls', { sessionId, toolNames })),
      invalid('code-mode tool subscription exceeds 64 filters'),
    );
    const tool = grpcTool('echo');
    const cases: readonly (readonly [Partial<ExecuteRequest>, RegExp])[] = [
      [{ executionId: '' }, /^code-mode execution ID must not be empty$/],
      [{ executionId: LONG }, /^code-mode execution ID exceeds 256 bytes$/],
      [{ toolCallId: '' }, /^code-mode tool call ID must not be empty$/],
      [
        { enabledTools: [{ ...tool, toolName: undefined }] },
        /^tool definition is missing its tool name$/,
      ],
      [{ enabledTools: [{ ...tool, kind: 0 }] }, /^tool definition has an invalid kind$/],
      [
        { enabledTools: [{ ...tool, inputSchemaJson: bytes('{') }] },
        /^invalid tool input schema: \S/,
      ],
      [
        { enabledTools: [{ ...tool, outputSchemaJson: bytes('{') }] },
        /^invalid tool output schema: \S/,
      ],
    ];
    for (const [fields, text] of cases) {
      const end = await session.execute(`text(1)`, fields).stream.ended;
      assert.equal(end.code, INVALID);
      assert.match(end.text, text);
    }
    await session.execute(`text(1)`, { executionId: 'again' }).outcome();
    assert.deepEqual(await session.execute(`text(1)`, { executionId: 'again' }).stream.ended, {
      code: ALREADY_EXISTS,
      text: 'code-mode execution ID `again` was reused',
    });
    await session.close();
  });
});
