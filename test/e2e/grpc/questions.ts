import type { CellOutcome } from '../../../host/grpc/generated/code-mode.ts';
import type { GrpcJsClient, MessageStream } from '../../support/grpc-js-client.ts';
import { type GrpcExecution, GrpcSession, shown } from '../../support/grpc-session.ts';
import { REFUSED } from './refused-requests.ts';

/** A question for a gRPC host, and everything that it answers. */
export interface Question {
  readonly name: string;
  /** @returns The answer, without ids and times. */
  ask(client: GrpcJsClient): Promise<unknown>;
}

/** Asks within a session of its own. */
function inSession(name: string, ask: (session: GrpcSession) => Promise<unknown>): Question {
  return {
    name,
    async ask(client) {
      const session = await GrpcSession.open(client);
      try {
        return await ask(session);
      } finally {
        session.lease.drop();
      }
    },
  };
}

const SPIN = 'await new Promise(() => {})';

/** What a cell writes, and how it ends. */
function program(name: string, source: string): Question {
  return inSession(`program: ${name}`, async (session) =>
    shown(await session.execute(source).outcome()),
  );
}

export const QUESTIONS: readonly Question[] = [
  ...REFUSED,
  program('a text', `text('a'); text('b')`),
  program('an exception', `text('a'); throw new Error('b')`),
  program('a syntax error', 'text('),
  program('an image', `image('data:image/png;base64,AA==', 'low')`),
  program('an unknown tool', `await tools.other()`),
  program('a call that nobody subscribed to', `text(await tools.echo(1).catch(String))`),
  inSession('a cell that yields and completes', async (session) => {
    const execution = session.execute(`text('a'); yield_control(); text('b')`);
    const cellId = await execution.started();
    const first = shown(await execution.outcome());
    const end = await execution.stream.ended;
    const second = await session.wait(cellId, 'w1');
    const third = await session.wait(cellId, 'w2');
    return [first, end, outcomeOf(second.message), outcomeOf(third.message)];
  }),
  inSession('a failed cell whose output the host cuts', async ({ client }) => {
    const session = await GrpcSession.open(client, { outputTruncation: 2 });
    const source = `text('x'.repeat(4000)); throw 'stop'`;
    const long = shown(await session.execute(source, { maxOutputTokens: 10n }).outcome());
    const missing = await session.wait('9', 'w');
    session.lease.drop();
    return [long, outcomeOf(missing.message)];
  }),
  inSession('terminating', async (session) => {
    const source = `text('a'); notify('running'); ${SPIN}`;
    const execution = session.execute(source, { yieldTimeMs: 60_000n });
    const cellId = await execution.started();
    await session.notified();
    const answer = await session.terminate(cellId);
    const again = await session.terminate(cellId);
    const outcome = shown(await execution.outcome());
    return [outcomeOf(answer.message), outcome, outcomeOf(again.message), await closedOf(session)];
  }),
  inSession('a second observer', async (session) => {
    const execution = session.execute(SPIN, { yieldTimeMs: 60_000n });
    return session.client.end('wait', waiting(session, await execution.started(), 'w'));
  }),
  inSession('a wait id twice', async (session) => {
    const cellId = await yielded(session);
    await session.client.unary('wait', waiting(session, cellId, 'w'));
    return session.client.end('wait', waiting(session, cellId, 'w'));
  }),
  inSession('a wait that was cancelled before', async (session) => {
    const cellId = await yielded(session);
    const { sessionId, client } = session;
    const cancelled = await client.end('cancelWait', { sessionId, waitId: 'w' });
    return [cancelled, await client.end('wait', waiting(session, cellId, 'w', 60_000n))];
  }),
  inSession('a wait that was yielded before', async (session) => {
    const cellId = await yielded(session);
    const { sessionId, client } = session;
    const observation = { $case: 'waitId', value: 'w' } as const;
    const ended = await client.end('yieldObservation', { sessionId, observation });
    const { message } = await session.wait(cellId, 'w', 60_000n);
    return [ended, outcomeOf(message)];
  }),
  inSession('an execution that was yielded before', async (session) => {
    const { sessionId, client } = session;
    const observation = { $case: 'executionId', value: 'e' } as const;
    const ended = await client.end('yieldObservation', { sessionId, observation });
    const execution = session.execute(SPIN, { executionId: 'e', yieldTimeMs: 60_000n });
    return [ended, shown(await execution.outcome())];
  }),
  inSession('tool calls, their order and their answers', async (session) => {
    const calls = await session.subscribe();
    const source = `text(await tools.echo({ a: 1 })); text(await tools.echo().catch(String))`;
    const execution = session.execute(source);
    const first = (await calls.next())!;
    await session.complete(first, { b: [2] });
    const second = (await calls.next())!;
    const { sessionId, client } = session;
    const { invocationId } = second;
    const outcome = { $case: 'failed', value: { message: 'no' } } as const;
    const answered = await client.end('completeToolCall', { sessionId, invocationId, outcome });
    const late = await client.end('completeToolCall', { sessionId, invocationId, outcome });
    const told = [first, second].map(({ runtimeToolCallId, sequence, inputJson, toolKind }) => [
      runtimeToolCallId,
      `${sequence}`,
      inputJson === undefined ? undefined : Buffer.from(inputJson).toString(),
      toolKind,
    ]);
    return [told, answered, late, shown(await execution.outcome()), await closedOf(session)];
  }),
  inSession('an answer that is no JSON', async (session) => {
    const calls = await session.subscribe();
    const execution = session.execute('text(await tools.echo(1))');
    const call = (await calls.next())!;
    const { sessionId, client } = session;
    const { invocationId } = call;
    const wrong = { $case: 'succeeded', value: { outputJson: Buffer.from('{') } } as const;
    const refused = await client.end('completeToolCall', {
      sessionId,
      invocationId,
      outcome: wrong,
    });
    await session.complete(call, 1);
    return [refused, shown(await execution.outcome())];
  }),
  inSession('more calls than the capacity', async ({ client }) => {
    const session = await GrpcSession.open(client, { callbackCapacity: 1n });
    const calls = await session.subscribe();
    const source = `const a = tools.echo(1); text(await tools.echo(2).catch(String)); await a`;
    const execution = session.execute(source);
    await session.complete((await calls.next())!, 1);
    const outcome = shown(await execution.outcome());
    session.lease.drop();
    return outcome;
  }),
  inSession('a notification', async (session) => {
    const execution = session.execute(`notify('hello'); text('a')`, { toolCallId: 'mine' });
    const { callId, text } = await session.notified();
    return [callId, text, shown(await execution.outcome())];
  }),
  inSession('stored values, between cells', async (session) => {
    await session.execute(`store('a', { b: 1 })`).outcome();
    return shown(await session.execute(`text(load('a'))`).outcome());
  }),
  inSession('closing a session with everything open', async (session) => {
    const calls = await session.subscribe();
    const execution = session.execute(`text('a'); await tools.echo(1)`, { yieldTimeMs: 60_000n });
    await execution.started();
    await calls.next();
    const { sessionId, client } = session;
    const closed = await client.end('closeSession', { sessionId });
    const again = await client.end('closeSession', { sessionId: ZERO });
    return [closed, again, await ends(session, execution, calls)];
  }),
  inSession('an execution that is dropped', async (session) => {
    const execution = session.execute(SPIN, { yieldTimeMs: 60_000n });
    const cellId = await execution.started();
    execution.stream.drop();
    const closed = await closedOf(session);
    const { message } = await session.wait(cellId, 'w');
    return [closed, outcomeOf(message)];
  }),
  inSession('a subscription that is dropped with a call open', async (session) => {
    const calls = await session.subscribe();
    const execution = session.execute('await tools.echo(1)', { yieldTimeMs: 60_000n });
    await execution.started();
    await calls.next();
    calls.drop();
    return [await session.lease.ended, await execution.stream.ended];
  }),
  inSession('subscriptions that take turns', async (session) => {
    const one = await session.subscribe({ name: 'echo' });
    const two = await session.subscribe({ name: 'echo', namespace: 'functions' });
    const other = await session.subscribe({ name: 'other' });
    session.execute('await tools.echo(1); await tools.echo(2)');
    const calls = [one.next(), two.next()];
    await session.complete((await Promise.race(calls))!, null);
    const sequences = (await Promise.all(calls)).map((call) => `${call?.sequence}`);
    other.drop();
    return sequences.toSorted();
  }),
];

/** No session has this id. */
const ZERO = '00000000-0000-4000-8000-000000000000';

async function ends(
  session: GrpcSession,
  execution: GrpcExecution,
  calls: MessageStream<unknown>,
): Promise<unknown> {
  const rest: unknown[] = [];
  for (let event = await execution.stream.next(); event; event = await execution.stream.next()) {
    rest.push(event.event?.$case);
  }
  while ((await session.lease.next()) !== undefined);
  while ((await calls.next()) !== undefined);
  return [await session.lease.ended, await calls.ended, await execution.stream.ended, rest];
}

async function closedOf(session: GrpcSession): Promise<unknown> {
  const { finalToolCallSequence } = await session.closed();
  return `closed after ${finalToolCallSequence}`;
}

async function yielded(session: GrpcSession): Promise<string> {
  const execution = session.execute(`yield_control(); ${SPIN}`);
  const cellId = await execution.started();
  await execution.outcome();
  return cellId;
}

function waiting({ sessionId }: GrpcSession, cellId: string, waitId: string, yieldTimeMs = 20n) {
  return { sessionId, cellId, waitId, yieldTimeMs };
}

function outcomeOf({
  outcome,
}: {
  readonly outcome?: { readonly $case: string; readonly value: CellOutcome } | undefined;
}): unknown {
  return outcome === undefined ? null : [outcome.$case, ...shown(outcome.value)];
}
