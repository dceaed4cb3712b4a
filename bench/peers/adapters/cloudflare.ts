import { NotSupported, type OpenPeer } from '../peer.ts';

/** What this adapter uses of `miniflare` and `esbuild`. */
interface Packages {
  readonly p0: {
    readonly Miniflare: new (
      options: object,
    ) => {
      readonly ready: Promise<unknown>;
      dispatchFetch(
        url: string,
        init: { readonly method: string; readonly body: string },
      ): Promise<{ readonly status: number; text(): Promise<string> }>;
      dispose(): Promise<void>;
    };
  };
  readonly p1: {
    build(options: object): Promise<{ readonly outputFiles: readonly { readonly text: string }[] }>;
  };
}

/** The parent Worker: its executor as the README makes it, and the tools of the bench. */
const WORKER = `
import { DynamicWorkerExecutor } from '@cloudflare/codemode';
const tools = {
  echo: async (input) => input,
  never: () => new Promise(() => {}),
  pause: (input) => new Promise((resolve) => setTimeout(() => resolve(input), 50)),
};
export default {
  async fetch(request, env) {
    const { source, kind, timeout } = await request.json();
    const executor = new DynamicWorkerExecutor({
      loader: env.LOADER, ...(timeout === null ? {} : { timeout }) });
    return Response.json(await executor.execute(source, { call: tools[kind] }));
  },
};`;

/** `@cloudflare/codemode` in a local workerd. */
export const open: OpenPeer = async ({ entry, folder }) => {
  const { p0, p1 }: Packages = await import(entry);
  const { outputFiles } = await p1.build({
    stdin: { contents: WORKER, resolveDir: folder, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'import'],
    external: ['cloudflare:*', 'node:*'],
  });
  const miniflare = new p0.Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? '',
    compatibilityDate: '2026-04-01',
    compatibilityFlags: ['nodejs_compat'],
    workerLoaders: { LOADER: {} },
  });
  await miniflare.ready;
  return {
    dialect: {
      tool: 'codemode.call',
      program: (body, answer) => `async () => {\n${body}\nreturn ${answer};\n}`,
    },
    canStop: false,
    hasTimeLimit: true,
    toolsRunHere: false,
    startCell(source, tool, { limitMs } = {}) {
      const run = async () => {
        if (tool.kind === 'other') throw new NotSupported('Its tools run inside a Worker');
        const body = JSON.stringify({ source, kind: tool.kind, timeout: limitMs ?? null });
        const response = await miniflare.dispatchFetch('http://bench/', { method: 'POST', body });
        const text = await response.text();
        if (response.status !== 200) throw new Error(text);
        const { result, error } = JSON.parse(text);
        if (error) throw new Error(error);
        return result;
      };
      const answer = run();
      answer.catch(() => {});
      return { answer };
    },
    close: () => miniflare.dispose(),
  };
};
