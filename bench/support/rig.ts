import { type IsolateSandboxOptions, isolateSandbox } from '../../sandbox/index.ts';
import type { Delegate } from '../../src/delegate.ts';
import type { CellEvent } from '../../src/events.ts';
import type { SessionLimits } from '../../src/limits.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import { SessionRuntime } from '../../src/session-runtime.ts';
import type { ToolDefinition } from '../../src/tools.ts';

/** A session that runs embedded, and the sandbox of its own that it runs in. */
export interface Rig extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly session: SessionRuntime;
}

/** What is unusual about a rig. */
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

/** A further session in a sandbox that is there already. */
export function openSession(
  sandbox: Sandbox,
  delegate: Delegate,
  tools: readonly string[],
  limits: Partial<SessionLimits> = {},
): SessionRuntime {
  return new SessionRuntime({ delegate, sandbox, tools: tools.map(toolNamed), limits });
}

/** Runs a program to its end and returns its text. */
export async function textOf(session: SessionRuntime, source: string): Promise<string> {
  const { first } = await session.execute({ source, observe: { yieldAfterMs: 60_000 } });
  return completedText(await first);
}

/** The text of a program that ended well. Throws for any other event. */
export function completedText(event: CellEvent): string {
  if (event.type !== 'completed') throw new Error(`The cell did not complete: ${event.type}`);
  if (event.failure !== null) throw new Error(`The cell failed: ${event.failure.text}`);
  return event.items.map((item) => (item.type === 'input_text' ? item.text : '')).join('');
}

function toolNamed(name: string): ToolDefinition {
  return { name, description: `Runs ${name}.` };
}

const NOBODY: Delegate = {
  invokeTool: () => Promise.reject(new Error('This bench has no tools')),
  notify: () => Promise.reject(new Error('This bench takes no notifications')),
};
