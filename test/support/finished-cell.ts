import assert from 'node:assert/strict';
import {
  type CellEvent,
  type Delegate,
  SessionRuntime,
  type SessionRuntimeOptions,
} from '../../src/index.ts';
import type { Sandbox, ToolErrors } from '../../src/sandbox.ts';

type Completed = Extract<CellEvent, { type: 'completed' }>;

/** After how long a cell counts as hanging. */
const HANGS_AFTER_MS = 15_000;

/** A cell that ended, and its calls of the delegate. */
export interface FinishedCell {
  readonly texts: readonly string[];
  readonly items: Completed['items'];
  readonly failure: Completed['failure'];
  readonly notes: readonly string[];
  /** The flat name of each tool that was called, with its argument. */
  readonly calls: readonly (readonly [tool: string, input: unknown])[];
  readonly notifications: readonly string[];
}

/** The setup of a test's cell. The tools are `echo`, `fail` and `never`, and those of `onTool`. */
export interface CellSetup {
  readonly toolErrors?: ToolErrors;
  readonly onTool?: { readonly [tool: string]: (input: unknown) => unknown };
  readonly options?: Partial<SessionRuntimeOptions>;
}

/** A session whose delegate echoes, fails or never answers, and records its calls. */
export function recordedSession(
  sandbox: Sandbox,
  { toolErrors = 'error', onTool = {}, options = {} }: CellSetup = {},
) {
  const calls: (readonly [string, unknown])[] = [];
  const notifications: string[] = [];
  const answers: NonNullable<CellSetup['onTool']> = {
    echo: (input) => input,
    fail: () => {
      throw new Error('tool failed badly');
    },
    never: () => new Promise(() => {}),
    ...onTool,
  };
  const delegate: Delegate = {
    async invokeTool({ tool, input }) {
      calls.push([tool, input]);
      return answers[tool]?.(input);
    },
    async notify({ text }) {
      notifications.push(text);
    },
  };
  const tools = Object.keys(answers).map((name) => ({ name, description: `${name} tool` }));
  const session = new SessionRuntime({ delegate, sandbox, tools, toolErrors, ...options });
  return { session, calls, notifications };
}

/** Runs one cell to its end. A cell that does not end fails the test. */
export async function finishCell(session: SessionRuntime, source: string): Promise<Completed> {
  const observe = { yieldAfterMs: HANGS_AFTER_MS };
  const { first } = await session.execute({ source, observe });
  const event = await first;
  assert.ok(event.type === 'completed', `the cell did not end: ${source.slice(0, 200)}`);
  return event;
}

/** Runs one cell in a new session. */
export async function runCell(
  sandbox: Sandbox,
  source: string,
  setup?: CellSetup,
): Promise<FinishedCell> {
  const { session, calls, notifications } = recordedSession(sandbox, setup);
  await using _ = session;
  const { items, failure, notes } = await finishCell(session, source);
  return { texts: textsOf(items), items, failure, notes, calls, notifications };
}

/** The texts among the items. */
export function textsOf(items: Completed['items']): readonly string[] {
  return items.flatMap((item) => (item.type === 'input_text' ? [item.text] : []));
}
