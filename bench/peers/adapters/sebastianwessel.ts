import type { OpenPeer, ToolInput } from '../peer.ts';

/** What this adapter uses of `@sebastianwessel/quickjs`. */
interface Packages {
  readonly p0: {
    loadQuickJs(variant: unknown): Promise<{
      runSandboxed(
        work: (sandbox: { evalCode(code: string): Promise<EvalResult> }) => Promise<EvalResult>,
        options: object,
      ): Promise<EvalResult>;
    }>;
  };
  readonly p1: { readonly default: unknown };
}

/** The result of a program. */
interface EvalResult {
  readonly ok: boolean;
  readonly data?: unknown;
  readonly error?: { readonly message?: string };
}

/** `@sebastianwessel/quickjs`: the module loaded once, a sandbox for each program. */
export const open: OpenPeer = async ({ entry }) => {
  const { p0, p1 }: Packages = await import(entry);
  const { runSandboxed } = await p0.loadQuickJs(p1.default);
  return {
    dialect: {
      tool: 'env.call',
      program: (body, answer) => `${body}\nexport default ${answer};`,
    },
    canStop: false,
    hasTimeLimit: true,
    toolsRunHere: true,
    startCell(source, tool, { limitMs } = {}) {
      const options = {
        env: { call: (input: ToolInput) => tool.run(input, null) },
        ...(limitMs === undefined ? {} : { executionTimeout: limitMs }),
      };
      const run = async () => {
        const { ok, data, error } = await runSandboxed(({ evalCode }) => evalCode(source), options);
        if (!ok) throw new Error(error?.message ?? 'it failed without a message');
        return data;
      };
      const answer = run();
      answer.catch(() => {});
      return { answer };
    },
    close: async () => {},
  };
};
