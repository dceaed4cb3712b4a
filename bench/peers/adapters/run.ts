import type { OpenPeer, ToolInput } from '../peer.ts';

/** What this adapter uses of `run`. */
interface RunPackage {
  run(input: {
    readonly source: string;
    readonly hostFunctions: object;
    readonly limits: object;
    readonly abortSignal: AbortSignal;
  }): Promise<{ readonly status: string; readonly value?: unknown }>;
  getHostFunctionContext(): { readonly abortSignal: AbortSignal };
  setMaxWorkers(count: number): void;
}

/** Enough for the tasks of the bench, which the defaults (256, 32 and a few workers) refuse. */
const MAX_CALLS = 20_000;
const MAX_WORKERS = 128;
/** The default of `run`, with room for a mebibyte and its envelope. */
const MAX_BYTES = 4 << 20;

/** `run`: QuickJS in pooled worker threads. */
export const open: OpenPeer = async ({ entry }) => {
  const { p0 }: { readonly p0: RunPackage } = await import(entry);
  p0.setMaxWorkers(MAX_WORKERS);
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
      const call = (input: ToolInput) => tool.run(input, p0.getHostFunctionContext().abortSignal);
      const run = async () => {
        const result = await p0.run({
          source,
          hostFunctions: { tools: { call } },
          abortSignal: controller.signal,
          limits: {
            maxBridgeRequests: MAX_CALLS,
            maxInFlightBridgeRequests: MAX_CALLS,
            maxHostFunctionArgumentsBytes: MAX_BYTES,
            ...(limitMs === undefined ? {} : { timeoutMs: limitMs }),
          },
        });
        if (result.status !== 'completed') throw new Error(`The run was ${result.status}`);
        return result.value;
      };
      const answer = run();
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
