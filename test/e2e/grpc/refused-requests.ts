import type { ExecuteRequest } from '../../../host/grpc/generated/code-mode.ts';
import type { CallEnd, GrpcJsClient } from '../../support/grpc-js-client.ts';
import { GrpcSession, grpcTool } from '../../support/grpc-session.ts';
import type { Question } from './questions.ts';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const LONG = 'x'.repeat(257);

type Asked = Parameters<GrpcJsClient['end']>;

/** Requests with one answer that hosts refuse. `sessionId: ''` is replaced by a session. */
const UNARY: readonly (readonly [Asked[0], Asked[1]])[] = [
  ['closeSession', { sessionId: 'x' }],
  ['closeSession', { sessionId: UNKNOWN }],
  ['wait', { sessionId: UNKNOWN, cellId: '1', waitId: 'w' }],
  ['wait', { sessionId: '', cellId: '', waitId: 'w' }],
  ['wait', { sessionId: '', cellId: LONG, waitId: 'w' }],
  ['wait', { sessionId: '', cellId: '1', waitId: '' }],
  ['wait', { sessionId: '', cellId: '1', waitId: LONG }],
  ['cancelWait', { sessionId: '', waitId: '' }],
  ['cancelWait', { sessionId: '', waitId: 'unknown' }],
  ['cancelWait', { sessionId: UNKNOWN, waitId: 'w' }],
  ['terminate', { sessionId: '', cellId: '' }],
  ['terminate', { sessionId: '', cellId: 'unknown' }],
  ['terminate', { sessionId: UNKNOWN, cellId: '1' }],
  ['yieldObservation', { sessionId: '' }],
  ['yieldObservation', { sessionId: '', observation: { $case: 'waitId', value: '' } }],
  ['yieldObservation', { sessionId: '', observation: { $case: 'executionId', value: '' } }],
  ['completeToolCall', { sessionId: '', invocationId: 'x' }],
  ['completeToolCall', { sessionId: '', invocationId: UNKNOWN }],
  [
    'completeToolCall',
    { sessionId: '', invocationId: UNKNOWN, outcome: { $case: 'failed', value: { message: '' } } },
  ],
  ['acknowledgeNotification', { sessionId: '', notificationId: 'x' }],
  ['acknowledgeNotification', { sessionId: '', notificationId: UNKNOWN }],
  ['getProcessMetrics', {}],
];

const tool = grpcTool('echo');
const EXECUTES: readonly (readonly [string, Partial<ExecuteRequest>])[] = [
  ['an empty id', { executionId: '' }],
  ['a long id', { executionId: LONG }],
  ['an empty tool call id', { toolCallId: '' }],
  ['a long tool call id', { toolCallId: LONG }],
  ['an unknown session', { sessionId: UNKNOWN }],
  ['a tool without a name', { enabledTools: [{ ...tool, toolName: undefined }] }],
  ['a tool without a kind', { enabledTools: [{ ...tool, kind: 0 }] }],
  ['a schema that is no JSON', { enabledTools: [{ ...tool, inputSchemaJson: Buffer.from('{') }] }],
];

/** Requests that hosts refuse, and others that look as if they would. */
export const REFUSED: readonly Question[] = [
  ...UNARY.map(([method, request]) => ({
    name: `${method} ${JSON.stringify(request).replaceAll(LONG, '…')}`,
    ask: (client: GrpcJsClient) => refused(client, method, request),
  })),
  ...EXECUTES.map(([what, fields]) => ({
    name: `execute with ${what}`,
    async ask(client: GrpcJsClient) {
      const session = await GrpcSession.open(client);
      const end = await session.execute('text(1)', fields).stream.ended;
      session.lease.drop();
      return end;
    },
  })),
  {
    name: 'openSession with a capacity of 0',
    ask: (client) => client.stream('openSession', { callbackCapacity: 0n }).ended,
  },
  {
    name: 'openSession with an unknown truncation',
    ask: (client) => client.stream('openSession', { outputTruncation: 9 as 2 }).ended,
  },
  {
    name: 'subscribeToToolCalls with 65 filters',
    async ask(client) {
      const session = await GrpcSession.open(client);
      const toolNames = Array.from({ length: 65 }, (_, n) => ({ name: `t${n}` }));
      const { sessionId } = session;
      const end = await client.stream('subscribeToToolCalls', { sessionId, toolNames }).ended;
      session.lease.drop();
      return end;
    },
  },
  {
    name: 'execute with an id twice',
    async ask(client) {
      const session = await GrpcSession.open(client);
      await session.execute('text(1)', { executionId: 'again' }).outcome();
      const end = await session.execute('text(1)', { executionId: 'again' }).stream.ended;
      session.lease.drop();
      return end;
    },
  },
];

async function refused(
  client: GrpcJsClient,
  method: Asked[0],
  request: Asked[1],
): Promise<CallEnd> {
  const isIn = 'sessionId' in request && request.sessionId === '';
  if (!isIn) return client.end(method, request);
  const session = await GrpcSession.open(client);
  const end = await client.end(method, { ...request, sessionId: session.sessionId });
  session.lease.drop();
  return end;
}
