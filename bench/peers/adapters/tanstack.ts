import type { OpenPeer, ToolInput } from '../peer.ts';

/** What this adapter uses of the four packages. */
interface Packages {
  readonly p0: { createNodeIsolateDriver(): object };
  readonly p1: {
    createCodeMode(options: object): {
      readonly tool: { execute(input: { readonly typescriptCode: string }): Promise<ToolResult> };
    };
  };
  readonly p2: {
    toolDefinition(definition: object): {
      server(run: (input: ToolInput) => Promise<unknown>): object;
    };
  };
  readonly p3: { readonly z: { any(): object } };
}

/** What its tool returns. */
interface ToolResult {
  readonly success: boolean;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** `@tanstack/ai-isolate-node` behind `createCodeMode`, as its README sets it up. */
export const open: OpenPeer = async ({ entry }) => {
  const { p0, p1, p2, p3 }: Packages = await import(entry);
  const driver = p0.createNodeIsolateDriver();
  return {
    dialect: {
      tool: 'external_call',
      program: (body, answer) => `${body}\nreturn ${answer};`,
    },
    canStop: false,
    hasTimeLimit: true,
    toolsRunHere: true,
    startCell(source, tool, { limitMs } = {}) {
      const definition = p2.toolDefinition({
        name: 'call',
        description: 'The tool of the bench.',
        inputSchema: p3.z.any(),
        outputSchema: p3.z.any(),
      });
      const codeMode = p1.createCodeMode({
        driver,
        tools: [definition.server((input) => tool.run(input ?? {}, null))],
        ...(limitMs === undefined ? {} : { timeout: limitMs }),
      });
      const run = async () => {
        const { success, result, error } = await codeMode.tool.execute({ typescriptCode: source });
        if (!success) throw new Error(error?.message ?? 'it failed without a message');
        return result;
      };
      const answer = run();
      answer.catch(() => {});
      return { answer };
    },
    close: async () => {},
  };
};
