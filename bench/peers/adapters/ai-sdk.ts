import type { OpenPeer, ToolInput } from '../peer.ts';

/** What this adapter uses of `@ai-sdk/code-mode`. */
interface CodeModePackage {
  experimental_runCodeMode(input: {
    readonly js: string;
    readonly tools: object;
    readonly toolExecutionOptions: { readonly abortSignal: AbortSignal };
    readonly options: { readonly executionPolicy: object };
  }): Promise<unknown>;
  experimental_setMaxWorkers(count: number): void;
}

/** What this adapter uses of `ai` and of `zod`. */
interface Packages {
  readonly p0: CodeModePackage;
  readonly p1: { tool(definition: object): object };
  readonly p2: { readonly z: { any(): object } };
}

const MAX_CALLS = 20_000;
const MAX_WORKERS = 128;
const MAX_BYTES = 4 << 20;

/** `@ai-sdk/code-mode`, executed directly, as its README does without a model. */
export const open: OpenPeer = async ({ entry }) => {
  const { p0, p1, p2 }: Packages = await import(entry);
  p0.experimental_setMaxWorkers(MAX_WORKERS);
  return {
    dialect: {
      tool: 'tools.call',
      program: (body, answer) => `${body}\nreturn ${answer};`,
    },
    canStop: true,
    hasTimeLimit: true,
    toolsRunHere: true,
    startCell(source, tool, { limitMs } = {}) {
      const controller = new AbortController();
      const call = p1.tool({
        description: 'The tool of the bench.',
        inputSchema: p2.z.any(),
        execute: (input: ToolInput, options: { readonly abortSignal?: AbortSignal }) =>
          tool.run(input, options.abortSignal ?? null),
      });
      const answer = p0.experimental_runCodeMode({
        js: source,
        tools: { call },
        toolExecutionOptions: { abortSignal: controller.signal },
        options: {
          executionPolicy: {
            maxBridgeRequests: MAX_CALLS,
            maxInFlightBridgeRequests: MAX_CALLS,
            maxToolInputBytes: MAX_BYTES,
            ...(limitMs === undefined ? {} : { timeoutMs: limitMs }),
          },
        },
      });
      const settled = answer.then(
        () => {},
        () => {},
      );
      return {
        answer,
        stop() {
          controller.abort();
          return settled;
        },
      };
    },
    close: async () => {},
  };
};
