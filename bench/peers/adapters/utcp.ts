import type { OpenPeer, Tool, ToolInput } from '../peer.ts';

/** What this adapter uses of `@utcp/code-mode` and `@utcp/direct-call`. */
interface Packages {
  readonly p0: { readonly CodeModeUtcpClient: { create(): Promise<Client> } };
  readonly p1: {
    addFunctionToUtcpDirectCall(name: string, run: (...args: never[]) => Promise<unknown>): void;
  };
}

interface Client {
  registerManual(manual: object): Promise<unknown>;
  callToolChain(
    code: string,
    timeoutMs?: number,
  ): Promise<{ readonly result: unknown; readonly logs: readonly string[] }>;
}

const MANUAL = {
  utcp_version: '1.0.0',
  manual_version: '1.0.0',
  tools: [
    {
      name: 'call',
      description: 'The tool of the bench.',
      inputs: { type: 'object', properties: { cell: { type: 'number' }, input: {} } },
      outputs: {},
      tags: [],
      tool_call_template: { call_template_type: 'direct-call', callable_name: 'benchCall' },
    },
  ],
};

/** `@utcp/code-mode` with one directly called tool. It passes properties to a tool one by one. */
export const open: OpenPeer = async ({ entry }) => {
  const { p0, p1 }: Packages = await import(entry);
  const tools = new Map<number, Tool>();
  p1.addFunctionToUtcpDirectCall('benchManual', async () => MANUAL);
  p1.addFunctionToUtcpDirectCall('benchCall', async (cell: number, input: ToolInput) =>
    tools.get(cell)?.run(input, null),
  );
  const client = await p0.CodeModeUtcpClient.create();
  await client.registerManual({
    name: 'bench',
    call_template_type: 'direct-call',
    callable_name: 'benchManual',
  });
  let cells = 0;
  return {
    dialect: {
      tool: 'call',
      program: (body, answer) => `${body}\nreturn ${answer};`,
    },
    canStop: false,
    hasTimeLimit: true,
    toolsRunHere: true,
    startCell(source, tool, { limitMs } = {}) {
      cells += 1;
      tools.set(cells, tool);
      const named = `const call = (input) => bench.call({ cell: ${cells}, input });\n${source}`;
      const run = async () => {
        const { result, logs } = await client.callToolChain(named, limitMs);
        // It reports a failure as a line of its log.
        const error = logs.find((line) => line.startsWith('[ERROR]'));
        if (error !== undefined) throw new Error(error);
        return result;
      };
      const answer = run();
      answer.catch(() => {});
      return { answer };
    },
    close: async () => {},
  };
};
