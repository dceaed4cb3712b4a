import type { Readable, Writable } from 'node:stream';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import type { McpConfigWithPolicies } from '../mcp/mcp-config.ts';
import type { AcpLog } from './acp-log.ts';
import { AgentProcess } from './agent-process.ts';
import { type AttachCommand, AttachMount } from './attach-mount.ts';
import { LastWill } from './last-will.ts';
import { LineOutlet } from './lines/line-pump.ts';
import type { Mount } from './mount.ts';
import { OwnRequests } from './own-requests.ts';
import { runProxy } from './run-proxy.ts';
import { SessionBook } from './session-book.ts';
import { SharedSandbox } from './shared-sandbox.ts';

/** What a proxy is told, and what it finds around it. */
export interface ProxyOptions {
  /** The agent: a program, and its arguments. */
  readonly agent: readonly [command: string, ...args: readonly string[]];
  /** The servers that programs of every session reach, and the policies for those of the editor. */
  readonly config: McpConfigWithPolicies;
  /** Names of the editor's servers that stay with the agent; `*` for all. */
  readonly keep: readonly string[];
  /** What our server should be called at the agent. */
  readonly name: string;
  /** How agents reach our server. Over HTTP only those that say they can. */
  readonly transport: 'stdio' | 'http';
  /** What agents start as their server. */
  readonly attach: AttachCommand;
  /** Of this package. */
  readonly version: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Gets the agent's standard error, too. */
  readonly stderr: Writable;
  /** Resolves when somebody asks us to stop. */
  readonly stopped: Promise<void>;
  readonly openSandbox: () => Promise<Sandbox>;
  /** Which globals programs have. */
  readonly globals: GuestGlobals;
  readonly log: AcpLog;
}

/**
 * Starts an agent and stands between it and an editor.
 *
 * @returns The exit code, as of `runProxy`. Nothing is left of the agent or of programs then.
 * @throws What the system says if it refuses the command as such, or if no socket can be made.
 */
export async function startProxy(options: ProxyOptions): Promise<number> {
  const { stdin, stdout, stderr, stopped, log, config } = options;
  await using resources = new AsyncDisposableStack();
  const mount = resources.use(await AttachMount.open(options.attach, options.version));
  const http = await openHttp(options, resources);
  const sandbox = resources.use(new SharedSandbox(options.openSandbox));
  const [command, ...args] = options.agent;
  const agent = new AgentProcess(command, args, stderr);
  if (agent.pid !== undefined) resources.use(new LastWill(agent.pid, mount.folder));
  // The first session needs it at once, and the agent itself takes longer to start.
  void import('../mcp-server/backend.ts').catch(() => {});
  const toEditor = new LineOutlet(stdout);
  const toAgent = new LineOutlet(agent.stdin);
  const requests = new OwnRequests((line) => toEditor.send(line));
  let asks: ReadonlySet<string> = new Set();
  const editor = {
    requests,
    get asks() {
      return asks;
    },
    notify: (method: string, params: object) =>
      toEditor.send(JSON.stringify({ jsonrpc: '2.0', method, params })),
    room: (signal: AbortSignal) => toEditor.room(signal),
  };
  const sessions = new SessionBook({
    config,
    keep: new Set(options.keep),
    ownName: options.name,
    editor,
    openSandbox: () => sandbox.share(),
    globals: options.globals,
    mountFor: (to) => (to.takesHttp ? http : undefined) ?? mount,
    log,
  });
  const onAsks = (kinds: ReadonlySet<string>) => {
    asks = kinds;
  };
  return await runProxy({
    ...{ stdin, stdout, toEditor, toAgent, agent, sessions, requests, onAsks, stopped, log },
  });
}

/** Loaded here because most agents are given a process to start. */
async function openHttp(
  { transport, version }: ProxyOptions,
  resources: AsyncDisposableStack,
): Promise<Mount | undefined> {
  if (transport !== 'http') return undefined;
  const { HttpMount } = await import('./http-mount.ts');
  return resources.use(await HttpMount.open(version));
}
