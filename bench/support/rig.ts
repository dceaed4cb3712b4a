import { type HostClient, spawnHost } from '../../host/index.ts';
import {
  type IsolateSandboxOptions,
  isolateSandbox,
  type SandboxLimits,
} from '../../sandbox/index.ts';
import {
  type ProcessSandboxOptions,
  processSandbox,
} from '../../sandbox/process/process-sandbox.ts';
import type { Delegate } from '../../src/delegate.ts';
import type { SessionLimits } from '../../src/limits.ts';
import type { CallbackCounts } from '../../src/runtime/callbacks.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import type { Session } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import { completedText } from './completed-text.ts';

/** A place where sessions run, for suites that compare places. */
export interface Place extends AsyncDisposable {
  readonly name: string;
  /**
   * Whether a caller that ends a cell is answered at once, without waiting for callbacks, like clients
   * of protocol version 1.
   */
  readonly dropsCallbacks: boolean;
  openSession(options: PlacedSessionOptions): Promise<PlacedSession>;
}

/** Options of sessions in any place. */
export interface PlacedSessionOptions {
  readonly delegate: Delegate;
  /** Names of the tools. */
  readonly tools: readonly string[];
  readonly limits?: Partial<SessionLimits>;
}

/** A session in a place. */
export interface PlacedSession extends AsyncDisposable {
  readonly session: Session;
  /** Callbacks that did not stop in time; null if they are counted elsewhere. */
  counts(): Readonly<CallbackCounts> | null;
}

/** Sessions in isolates of this process. No new isolate is prepared, so that all samples have equal conditions. */
export function isolatePlace(limits?: Partial<SandboxLimits>): Place {
  return placeOf('in process', isolateSandbox({ reserve: 0, ...(limits && { limits }) }));
}

/** Sessions in sandbox processes: the default of `openSession`. */
export function processPlace(limits?: ProcessSandboxOptions['limits']): Place {
  return placeOf('in sandbox processes', processSandbox({ ...(limits && { limits }) }));
}

/** Sessions of a host process, reached over its standard streams; its programs run in sandbox processes. */
export async function hostedPlace(): Promise<Place> {
  const client = await spawnHost();
  return {
    name: 'hosted',
    dropsCallbacks: false,
    openSession: (options) => hostedSession(client, options),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** A session of a host, which counts abandoned callbacks itself. */
export async function hostedSession(
  client: HostClient,
  { delegate, tools, limits = {} }: PlacedSessionOptions,
): Promise<PlacedSession> {
  const session = await client.openSession({ delegate, tools: tools.map(toolNamed), limits });
  return { session, counts: () => null, [Symbol.asyncDispose]: () => session.close() };
}

function placeOf(name: string, sandbox: Sandbox): Place {
  return {
    name,
    dropsCallbacks: false,
    async openSession({ delegate, tools, limits }) {
      const session = openSession(sandbox, delegate, tools, limits);
      return {
        session,
        counts: () => session.counts,
        [Symbol.asyncDispose]: () => session.close(),
      };
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}

/** An embedded session with its own sandbox. */
export interface Rig extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly session: SessionRuntime;
}

/** Options of a rig. */
export interface RigOptions {
  readonly delegate?: Delegate;
  /** Names of the tools. Default: none. */
  readonly tools?: readonly string[];
  readonly sandbox?: IsolateSandboxOptions;
  readonly limits?: Partial<SessionLimits>;
}

/** Sets up a session for a bench. Close it with `await using`. */
export function openRig({ delegate, tools = [], sandbox, limits }: RigOptions = {}): Rig {
  const own = isolateSandbox(sandbox);
  const session = openSession(own, delegate ?? NOBODY, tools, limits);
  return {
    sandbox: own,
    session,
    async [Symbol.asyncDispose]() {
      await session.close();
      await own.close();
    },
  };
}

/** Another session in an existing sandbox. */
export function openSession(
  sandbox: Sandbox,
  delegate: Delegate,
  tools: readonly string[],
  limits: Partial<SessionLimits> = {},
): SessionRuntime {
  return new SessionRuntime({ delegate, sandbox, tools: tools.map(toolNamed), limits });
}

/** Runs a program to its end and returns its text. */
export async function textOf(session: Session, source: string): Promise<string> {
  const { first } = await session.execute({ source, observe: { yieldAfterMs: 60_000 } });
  return completedText(await first);
}

function toolNamed(name: string): ToolDefinition {
  return { name, description: `Runs ${name}.` };
}

const NOBODY: Delegate = {
  invokeTool: () => Promise.reject(new Error('This bench has no tools')),
  notify: () => Promise.reject(new Error('This bench takes no notifications')),
};
