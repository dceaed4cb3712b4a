import type { CellEvent, Session } from '../../src/index.ts';
import { completedText } from '../support/completed-text.ts';
import type { Dialect, RunningCell, Tool, ToolInput } from './peer.ts';

/** The tools of a session that takes part. */
export const TOOLS = [{ name: 'call', description: 'The tool of the bench.' }];

/** How programs of cellhost, and of hosts like it, call the tool and show an answer. */
export const CELL_DIALECT: Dialect = {
  tool: 'tools.call',
  program: (body, answer) => `${body}\ntext(${answer});`,
};

/** The delegate of a session whose cells all have their own. */
export const NO_TOOL = {
  invokeTool: () => Promise.reject(new Error('This cell has no tool')),
  notify: async () => {},
};

/** Starts a cell of a session, wherever that runs. */
export function startCellOf(session: Session, source: string, tool: Tool): RunningCell {
  const observe = { yieldAfterMs: 60_000 };
  const started = session.execute({ source, observe, delegate: delegateOf(tool) });
  const answer = started.then(({ first }): Promise<CellEvent> => first).then(completedText);
  answer.catch(() => {});
  return {
    answer,
    async stop() {
      const { cellId } = await started;
      await session.terminate(cellId);
    },
  };
}

function delegateOf(tool: Tool) {
  return {
    invokeTool: ({ input }: { readonly input: unknown }, signal: AbortSignal) =>
      tool.run((input ?? {}) as ToolInput, signal),
    notify: async () => {},
  };
}
