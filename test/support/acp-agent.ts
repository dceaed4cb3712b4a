import { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import * as v1 from '@agentclientprotocol/sdk';
import * as v2 from '@agentclientprotocol/sdk/experimental/v2';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/**
 * An agent that starts the MCP servers it is given with the official client, before it answers, and
 * plays the steps in a prompt: a JSON array. It says what each step brought, as one line of JSON.
 */

type Step =
  | { readonly call: string; readonly server?: string; readonly args?: Record<string, unknown> }
  | { readonly list: true }
  | { readonly hang: true }
  | { readonly exit: number };

interface Entry {
  readonly type?: string;
  readonly name: string;
  readonly command: string;
  readonly args?: string[];
  readonly env?: { name: string; value: string }[];
  readonly url: string;
  readonly headers?: { name: string; value: string }[];
}

type Notify = (update: object) => Promise<void>;

interface Session {
  readonly id: string;
  readonly clients: ReadonlyMap<string, Client>;
  controller: AbortController;
}

const { values: flags } = parseArgs({
  options: {
    /** Refuses every session. */
    refuse: { type: 'boolean' },
    /** Starts no servers. */
    idle: { type: 'boolean' },
    /** Stays when its input ends. */
    stay: { type: 'boolean' },
    /** Names the calls of servers as Codex does. */
    named: { type: 'boolean' },
    http: { type: 'boolean' },
    /** Gives no session the id of a session of another process. */
    unique: { type: 'boolean' },
  },
});
const sessions = new Map<string, Session>();
let count = 0;
let calls = 0;

function newId(): string {
  count += 1;
  return flags.unique ? `s${process.pid}-${count}` : `s${count}`;
}

async function open(id: string, entries: readonly Entry[]): Promise<Session> {
  if (flags.refuse) throw new Error('refused');
  await close(id);
  const started = flags.idle ? [] : entries;
  const clients = await Promise.all(
    started.map(async (entry) => [entry.name, await connect(entry)] as const),
  );
  const session = { id, clients: new Map(clients), controller: new AbortController() };
  sessions.set(id, session);
  return session;
}

async function connect(entry: Entry): Promise<Client> {
  const client = new Client({ name: 'fake-agent', version: '1' }, { capabilities: {} });
  const pairs = (list: Entry['env'] = []) =>
    Object.fromEntries(list.map(({ name, value }) => [name, value]));
  const transport =
    entry.type === 'http'
      ? new StreamableHTTPClientTransport(new URL(entry.url), {
          requestInit: { headers: pairs(entry.headers) },
        })
      : new StdioClientTransport({
          command: entry.command,
          args: entry.args ?? [],
          env: { PATH: process.env.PATH ?? '', ...pairs(entry.env) },
        });
  await client.connect(transport);
  await client.listTools();
  return client;
}

async function close(id: string): Promise<void> {
  const session = sessions.get(id);
  sessions.delete(id);
  if (session === undefined) return;
  await Promise.all([...session.clients.values()].map((client) => client.close()));
}

async function play(session: Session, prompt: readonly unknown[], notify: Notify, isV2: boolean) {
  const [{ text }] = prompt as [{ text: string }];
  session.controller = new AbortController();
  const { signal } = session.controller;
  const say = (said: unknown) => {
    const content = { type: 'text', text: JSON.stringify(said) };
    const messageId = `m${calls}`;
    return notify({ sessionUpdate: 'agent_message_chunk', content, ...(isV2 && { messageId }) });
  };
  for (const step of JSON.parse(text) as Step[]) {
    if (signal.aborted) break;
    await say(
      await perform(session, step, notify, isV2).catch(({ message }: Error) => ({
        error: message,
      })),
    );
  }
  // An editor may handle the end of a prompt before the last updates.
  await say(null);
  return signal.aborted ? 'cancelled' : 'end_turn';
}

async function perform(
  session: Session,
  step: Step,
  notify: Notify,
  isV2: boolean,
): Promise<unknown> {
  const { clients, controller } = session;
  if ('exit' in step) process.exit(step.exit);
  if ('hang' in step)
    return await new Promise((resolve) =>
      controller.signal.addEventListener('abort', () => resolve('cancelled')),
    );
  if ('list' in step) {
    const lists = [...clients].map(async ([name, client]) => [
      name,
      (await client.listTools()).tools.map((tool) => tool.name),
    ]);
    return Object.fromEntries(await Promise.all(lists));
  }
  const client = clients.get(step.server ?? 'cellhost');
  if (client === undefined) return { missing: step.server ?? 'cellhost' };
  calls += 1;
  const toolCallId = `agent-${calls}`;
  const made = isV2 ? 'tool_call_update' : 'tool_call';
  const rawInput = { tool: step.call, arguments: step.args };
  await notify({
    sessionUpdate: made,
    toolCallId,
    title: step.call,
    status: 'in_progress',
    rawInput,
  });
  const meta = flags.named ? { _meta: { callId: toolCallId } } : {};
  try {
    const { content, isError } = await client.callTool(
      { name: step.call, arguments: step.args ?? {}, ...meta },
      { signal: controller.signal },
    );
    return {
      texts: (content as { text?: string }[]).map(({ text }) => text),
      ...(isError ? { isError } : {}),
    };
  } finally {
    await notify({ sessionUpdate: 'tool_call_update', toolCallId, status: 'completed' });
  }
}

const info = { name: 'fake-agent', version: '7.0' };
const first = v1
  .agent()
  .onRequest('initialize', () => ({
    protocolVersion: 1,
    agentInfo: info,
    agentCapabilities: {
      loadSession: true,
      mcpCapabilities: { http: flags.http === true },
      sessionCapabilities: { close: {} },
    },
  }))
  .onRequest('session/new', async ({ params }) => {
    return { sessionId: (await open(newId(), params.mcpServers as unknown as Entry[])).id };
  })
  .onRequest('session/load', async ({ params }) => {
    await open(params.sessionId, params.mcpServers as unknown as Entry[]);
    return {};
  })
  .onRequest('session/close', async ({ params }) => {
    await close(params.sessionId);
    return {};
  })
  .onRequest('session/prompt', async ({ params: { sessionId, prompt }, client }) => {
    const notify = (update: object) =>
      client.notify('session/update', { sessionId, update } as never);
    return { stopReason: await play(sessions.get(sessionId)!, prompt, notify, false) };
  })
  .onNotification('session/cancel', ({ params }) =>
    sessions.get(params.sessionId)?.controller.abort(),
  );

const second = v2
  .agent()
  .onRequest('initialize', () => ({
    protocolVersion: 2,
    info,
    capabilities: { session: { mcp: flags.http ? { http: {} } : {} } },
  }))
  .onRequest('session/new', async ({ params }) => {
    return { sessionId: (await open(newId(), params.mcpServers as unknown as Entry[])).id };
  })
  .onRequest('session/resume', async ({ params }) => {
    await open(params.sessionId, params.mcpServers as unknown as Entry[]);
    return {};
  })
  .onRequest('session/close', async ({ params }) => {
    await close(params.sessionId);
    return {};
  })
  .onRequest('session/prompt', ({ params: { sessionId, prompt }, client }) => {
    const notify = (update: object) =>
      client.notify('session/update', { sessionId, update } as never);
    void notify({ sessionUpdate: 'state_update', state: 'running' })
      .then(() => play(sessions.get(sessionId)!, prompt, notify, true))
      .then((stopReason) => notify({ sessionUpdate: 'state_update', state: 'idle', stopReason }));
    return { messageId: `p${calls}` };
  })
  .onNotification('session/cancel', ({ params }) =>
    sessions.get(params.sessionId)?.controller.abort(),
  );

if (flags.stay) {
  setInterval(() => {}, 1000);
  process.on('SIGTERM', () => {});
}
const stream = v1.ndJsonStream(
  Writable.toWeb(process.stdout) as WritableStream<Uint8Array>,
  Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
);
const { closed } = new v2.AgentProtocolRouter().withV1(first).withV2(second).connect(stream);
await closed;
await Promise.all([...sessions.keys()].map(close));
if (!flags.stay) process.exit(0);
