import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as v1 from '@agentclientprotocol/sdk';
import * as v2 from '@agentclientprotocol/sdk/experimental/v2';

const LAUNCHER = fileURLToPath(new URL('../../bin/cellhost.js', import.meta.url));
const AGENT = fileURLToPath(new URL('./acp-agent.ts', import.meta.url));

/** The command of the agent that plays what it is prompted with. */
export const FAKE_AGENT = [process.execPath, '--disable-warning=ExperimentalWarning', AGENT];

export type ProtocolVersion = 1 | 2;

/** An object that a test looks into. */
export interface Loose {
  // biome-ignore lint/suspicious/noExplicitAny: what tests look at is checked by what they expect
  readonly [field: string]: any;
}

/** What an editor is started with. */
export interface EditorOptions {
  readonly version?: ProtocolVersion;
  /** Of `cellhost acp`, before the agent. Null to start the agent itself. */
  readonly args?: readonly string[] | null;
  /** Of the fake agent. */
  readonly agentArgs?: readonly string[];
  /** The agent. Default: the fake one. */
  readonly agent?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whether `env` is the whole environment. Default: it comes on top of ours. */
  readonly isAlone?: boolean;
  readonly cwd?: string;
  /** What is answered to `session/request_permission`. Default: to allow it once. */
  readonly decide?: (params: Loose) => unknown;
  /** What is answered to `elicitation/create`. Without it, the editor says that it cannot ask. */
  readonly answer?: (params: Loose) => unknown;
}

/** An editor on the official SDK, with an agent behind `cellhost acp`. */
export interface AcpEditor extends AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  /** The updates of all sessions, with the ids of their sessions. */
  readonly updates: readonly Loose[];
  readonly asked: readonly Loose[];
  readonly initialized: Loose;
  stderr(): string;
  request(method: string, params: object): Promise<Loose>;
  notify(method: string, params: object): void;
  newSession(servers?: readonly object[], more?: object): Promise<string>;
  /** Prompts the fake agent. @returns What each step brought, when the turn is over. */
  play(sessionId: string, ...steps: readonly object[]): Promise<readonly Loose[]>;
  /** Resolves when an update fits. */
  until(fits: (update: Loose) => boolean): Promise<Loose>;
  /** Leaves. @returns The exit code, or the signal. */
  leave(): Promise<number | string>;
  /** The exit code, or the signal. */
  readonly ended: Promise<number | string>;
}

/** Starts `cellhost acp` with an agent, and initializes it. */
export async function startEditor(options: EditorOptions = {}): Promise<AcpEditor> {
  const { version = 1, args = [], agent = FAKE_AGENT, agentArgs = [], env = {} } = options;
  const behind = [...agent, ...agentArgs];
  const proxy = args === null ? [] : [process.execPath, LAUNCHER, 'acp', ...args, '--'];
  const [command = '', ...rest] = [...proxy, ...behind];
  const inherited = options.isAlone ? {} : { ...process.env, CELLHOST_NODE: '' };
  const child = spawn(command, rest, { env: { ...inherited, ...env }, cwd: options.cwd });
  child.stdin.on('error', () => {});
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (piece) => {
    stderr += piece;
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const updates: Loose[] = [];
  const asked: Loose[] = [];
  const waiting = new Set<() => void>();
  const connection = connect(version, child, {
    decide: (params) => {
      asked.push(params);
      return options.decide?.(params) ?? selected('allow_once');
    },
    answer: (params) => options.answer?.(params),
    update: (params) => {
      updates.push(params);
      for (const look of [...waiting]) look();
    },
  });
  const request = (method: string, params: object): Promise<Loose> =>
    connection.agent.request<Loose>(method as string, params as never);
  const elicitation = options.answer ? { elicitation: { form: {} } } : {};
  const info = { name: 'fake-editor', version: '1' };
  const initialized = await request(
    'initialize',
    version === 2
      ? { protocolVersion: 2, info, capabilities: elicitation }
      : { protocolVersion: 1, clientInfo: info, clientCapabilities: elicitation },
  );
  const until = (fits: (update: Loose) => boolean, from = 0): Promise<Loose> =>
    new Promise((resolve) => {
      const look = () => {
        const found = updates.slice(from).find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const editor: AcpEditor = {
    child,
    updates,
    asked,
    initialized,
    ended,
    stderr: () => stderr,
    request,
    notify: (method, params) => void connection.agent.notify(method as string, params as never),
    newSession: async (mcpServers = [], more = {}) =>
      (await request('session/new', { cwd: process.cwd(), mcpServers, ...more })).sessionId,
    play: async (sessionId, ...steps) => {
      const from = updates.length;
      const prompt = [{ type: 'text', text: JSON.stringify(steps) }];
      const isOurs = (one: Loose) => one.sessionId === sessionId;
      await request('session/prompt', { sessionId, prompt });
      await until((one) => isOurs(one) && one.update.content?.text === 'null', from);
      if (version === 2) await until((one) => isOurs(one) && one.update.state === 'idle', from);
      return updates
        .slice(from)
        .filter((one) => isOurs(one) && one.update.sessionUpdate === 'agent_message_chunk')
        .map(({ update }) => JSON.parse(update.content.text))
        .filter((said) => said !== null);
    },
    until,
    leave: async () => {
      child.stdin.end();
      return await ended;
    },
    [Symbol.asyncDispose]: async () => void (await editor.leave()),
  };
  return editor;
}

/** The updates of the cards that we made. */
export function cardsOf({ updates }: AcpEditor): readonly Loose[] {
  return updates
    .map(({ update }) => update)
    .filter(({ toolCallId }) => toolCallId?.startsWith('cellhost'));
}

/** The outcome of an option. */
export function selected(optionId: string): object {
  return { outcome: { outcome: 'selected', optionId } };
}

/** A server over standard streams, in the shape of a version. */
export function stdioServer(
  version: ProtocolVersion,
  name: string,
  [command, ...args]: readonly string[],
): object {
  return { ...(version === 2 && { type: 'stdio' }), name, command, args, env: [] };
}

interface Handlers {
  readonly decide: (params: Loose) => unknown;
  readonly answer: (params: Loose) => unknown;
  readonly update: (params: Loose) => void;
}

function connect(
  version: ProtocolVersion,
  { stdin, stdout }: ChildProcessWithoutNullStreams,
  { decide, answer, update }: Handlers,
) {
  const stream = v1.ndJsonStream(
    Writable.toWeb(stdin) as WritableStream<Uint8Array>,
    Readable.toWeb(stdout) as unknown as ReadableStream<Uint8Array>,
  );
  const { client } = version === 2 ? v2 : v1;
  return (client as typeof v1.client)({ name: 'fake-editor' })
    .onRequest('session/request_permission', async ({ params }) => (await decide(params)) as never)
    .onRequest('elicitation/create', async ({ params }) => (await answer(params)) as never)
    .onNotification('session/update', ({ params }) => update(params))
    .connect(stream);
}
