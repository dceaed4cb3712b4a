import type ivm from 'isolated-vm';
import type { OpenPeer, ToolInput } from '../peer.ts';

const MEMORY_MIB = 128;
const INSTALL = `globalThis.call = (input) => $0.apply(undefined, [input], {
  arguments: { copy: true }, result: { promise: true, copy: true } });`;

/** The engine alone: for each program a fresh isolate, whose tool is a reference to a function. */
export const open: OpenPeer = async ({ entry }) => {
  const { p0 }: { readonly p0: { readonly default: typeof ivm } } = await import(entry);
  const { Isolate } = p0.default;
  // Without a reference it is collected while its program waits.
  const isolates = new Set<ivm.Isolate>();
  return {
    dialect: {
      tool: 'call',
      program: (body, answer) => `(async () => {\n${body}\nreturn ${answer};\n})()`,
    },
    canStop: true,
    // `timeout` only covers the time until the first wait.
    hasTimeLimit: false,
    toolsRunHere: true,
    startCell(source, tool) {
      const isolate = new Isolate({ memoryLimit: MEMORY_MIB });
      isolates.add(isolate);
      const run = async () => {
        const context = await isolate.createContext();
        const call = (input: ToolInput) => tool.run(input, null);
        await context.evalClosure(INSTALL, [call], { arguments: { reference: true } });
        const answer = await context.eval(source, { promise: true, copy: true });
        isolate.dispose();
        return answer;
      };
      const answer = run();
      answer.catch(() => {});
      const settled = answer.then(
        () => {},
        () => {},
      );
      void settled.then(() => isolates.delete(isolate));
      return {
        answer,
        async stop() {
          isolate.dispose();
          await settled;
        },
      };
    },
    close: async () => {},
  };
};
