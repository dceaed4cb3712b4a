import { spawnHost } from '../../../host/client/spawn-host.ts';
import type { CellEvent } from '../../../src/events.ts';
import { completedText } from '../../support/completed-text.ts';
import type { OpenPeer, Tool, ToolInput } from '../peer.ts';

const TOOLS = [{ name: 'call', description: 'The tool of the bench.' }];

/** A host that speaks gRPC on its standard streams: that of `@openai/codex`, and ours. */
export const open: OpenPeer = async ({ command: [program = '', ...args] }) => {
  const start = performance.now();
  const command = [program, ...args, '--listen', 'grpc+stdio://'] as const;
  const client = await spawnHost({ command, wire: 'grpc' });
  const greetedMs = performance.now() - start;
  const delegate = {
    invokeTool: () => Promise.reject(new Error('This cell has no tool')),
    notify: async () => {},
  };
  const options = { delegate, tools: TOOLS };
  const sessions = {
    first: await client.openSession(options),
    second: await client.openSession(options),
  };
  return {
    dialect: {
      tool: 'tools.call',
      program: (body, answer) => `${body}\ntext(${answer});`,
    },
    canStop: true,
    hasTimeLimit: false,
    toolsRunHere: true,
    greetedMs,
    startCell(source, tool, { session: name = 'first' } = {}) {
      const session = sessions[name];
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
    },
    close: () => client.close(),
  };
};

function delegateOf(tool: Tool) {
  return {
    invokeTool: ({ input }: { readonly input: unknown }, signal: AbortSignal) =>
      tool.run((input ?? {}) as ToolInput, signal),
    notify: async () => {},
  };
}
