import type { Session, SessionRuntimeOptions } from '../../src/index.ts';
import { completedText } from '../support/completed-text.ts';
import type { Peer, Tool, ToolInput } from './peer.ts';

const TOOLS = [{ name: 'call', description: 'The tool of the bench.' }];

/** Sessions of this project as a peer. */
export function cellhostPeer(
  openSession: (options: Omit<SessionRuntimeOptions, 'sandbox'>) => Session,
  closeSandbox: () => Promise<void>,
): Peer {
  const delegate = {
    invokeTool: () => Promise.reject(new Error('This cell has no tool')),
    notify: async () => {},
  };
  const sessions = {
    first: openSession({ delegate, tools: TOOLS }),
    second: openSession({ delegate, tools: TOOLS }),
  };
  const others: Session[] = [];
  const limited = (maxRunMs: number) => {
    const session = openSession({ delegate, tools: TOOLS, limits: { maxRunMs } });
    others.push(session);
    return session;
  };
  return {
    dialect: {
      tool: 'tools.call',
      program: (body, answer) => `${body}\ntext(${answer});`,
    },
    canStop: true,
    hasTimeLimit: true,
    toolsRunHere: true,
    startCell(source, tool, { session: name = 'first', limitMs } = {}) {
      const session = limitMs === undefined ? sessions[name] : limited(limitMs);
      const started = session.execute({
        source,
        observe: { yieldAfterMs: 60_000 },
        delegate: delegateOf(tool),
      });
      const answer = started.then(({ first }) => first).then(completedText);
      answer.catch(() => {});
      return {
        answer,
        async stop() {
          const { cellId } = await started;
          await session.terminate(cellId);
        },
      };
    },
    async close() {
      await Promise.all([sessions.first, sessions.second, ...others].map((each) => each.close()));
      await closeSandbox();
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
