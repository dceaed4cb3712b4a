import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createContext, Script } from 'node:vm';
import type { OpenPeer, ToolInput } from '../peer.ts';

/** No sandbox at all: a new `node:vm` context for each program, and tools as plain functions. */
export const open: OpenPeer = async () => {
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return {
    dialect: {
      tool: 'call',
      program: (body, answer) => `(async () => {\n${body}\nreturn ${answer};\n})()`,
    },
    canStop: false,
    hasTimeLimit: false,
    toolsRunHere: true,
    startCell(source, tool) {
      const context = createContext({ call: (input: ToolInput) => tool.run(input, null) });
      const answer = Promise.resolve(new Script(source).runInContext(context));
      answer.catch(() => {});
      return { answer };
    },
    close: async () => {},
  };
};
