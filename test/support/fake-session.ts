import type { TestContext } from 'node:test';
import type { SessionRuntimeOptions } from '../../src/runtime/session-runtime.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { ObserveMode, WaitOptions } from '../../src/session.ts';
import { FakeSandbox } from './fake-sandbox.ts';
import { settled } from './gates.ts';
import { ScriptedDelegate } from './scripted-delegate.ts';

const TOOLS = ['block', 'stubborn', 'echo'].map((name) => ({ name, description: name }));

/** Indexes of the tools of a fake session. */
export const [BLOCK, STUBBORN, ECHO] = [0, 1, 2];

const made = new Set<SessionRuntime>();

/** Starts closing the sessions that were made since the last call, so that none of their timers remains. */
export function dropFakeSessions(): void {
  for (const session of made) void session.close();
  made.clear();
}

/** A session whose programs the test drives. */
export function fakeSession(options: Partial<SessionRuntimeOptions> = {}) {
  const delegate = new ScriptedDelegate();
  const sandbox = new FakeSandbox();
  const session = new SessionRuntime({ delegate, sandbox, tools: TOOLS, ...options });
  made.add(session);
  /** Executes a program and starts it. */
  const begin = async (observe: ObserveMode = { yieldAfterMs: 60_000 }, wait?: WaitOptions) => {
    const { cellId, first } = await session.execute({ source: '', observe }, wait);
    const run = sandbox.last;
    run.start();
    return { cellId, first, run };
  };
  return { delegate, sandbox, session, begin };
}

/** Stops the clock. @returns Lets that many milliseconds pass, with all their effects. */
export function fakeClock(t: TestContext): (ms: number) => Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = performance.now();
  t.mock.method(performance, 'now', () => nowMs);
  return async (ms) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    await settled();
  };
}
