/** One way to run programs that the bench compares. */
export interface CatalogueEntry {
  /** Its name for `--only` and in tables. */
  readonly id: string;
  /** Whether it belongs to this project. */
  readonly own: boolean;
  /** Its npm packages with exact versions; the first is measured. */
  readonly packages: Readonly<Record<string, string>>;
  /** Which of the packages its adapter imports. */
  readonly imports: readonly string[];
  /** The file in `adapters/`, without its ending. */
  readonly adapter: string;
  /** The program of this project that is the peer, if it is one; beside this file. */
  readonly program?: string;
  /** `here`: the Node.js that runs the bench; otherwise a version, installed beside the peer. */
  readonly node: string;
  readonly flags: readonly string[];
  /** Where programs run, for readers. */
  readonly runsIn: string;
  /** What readers must know to judge its figures; may be empty. */
  readonly remark: string;
}

const CODEX = '0.169.0';
/** The newest Node.js that isolated-vm 6 has binaries for. */
const NODE_24 = '24.21.0';
/** Required by isolated-vm. */
const NO_SNAPSHOT = ['--no-node-snapshot'];
const RAISED = 'Its limits of calls and of workers are raised by its documented options.';

const own = { own: true, packages: {}, imports: [], node: 'here', flags: [] } as const;
const foreign = { own: false, node: 'here', flags: [], remark: '' } as const;

/** All peers, in the order of the tables. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    ...own,
    id: 'cellhost isolateSandbox',
    adapter: 'cellhost-isolates',
    runsIn: 'V8 isolates of this process',
    remark: 'For trusted programs.',
  },
  {
    ...own,
    id: 'cellhost processSandbox',
    adapter: 'cellhost-processes',
    runsIn: 'V8 isolates of sandbox processes',
    remark: 'The default.',
  },
  {
    ...own,
    id: 'cellhost hosted',
    adapter: 'v1-host',
    runsIn: 'a host process and its sandbox processes',
    remark: 'The wire client is the same as for the Codex host.',
  },
  {
    ...foreign,
    id: '@openai/codex',
    packages: { '@openai/codex': CODEX },
    imports: [],
    adapter: 'v1-host',
    runsIn: 'V8 isolates of a host process (`codex-code-mode-host`)',
  },
  {
    ...own,
    id: 'cellhost hosted, gRPC',
    adapter: 'grpc-host',
    runsIn: 'a host process and its sandbox processes',
    remark: 'The gRPC client is that of this project, as for the Codex host.',
  },
  {
    ...foreign,
    id: '@openai/codex, gRPC',
    packages: { '@openai/codex': CODEX },
    imports: [],
    adapter: 'grpc-host',
    runsIn: 'V8 isolates of a host process (`codex-code-mode-host`)',
  },
  {
    ...foreign,
    id: 'run',
    packages: { run: '2.1.5' },
    imports: ['run'],
    adapter: 'run',
    runsIn: 'QuickJS (wasm) in worker threads',
    remark: RAISED,
  },
  {
    ...foreign,
    id: '@ai-sdk/code-mode',
    packages: { '@ai-sdk/code-mode': '1.0.42', ai: '7.0.85', zod: '4.6.7' },
    imports: ['@ai-sdk/code-mode', 'ai', 'zod'],
    adapter: 'ai-sdk',
    runsIn: 'QuickJS (wasm) in worker threads, through `run`',
    remark: RAISED,
  },
  {
    ...foreign,
    id: '@cloudflare/codemode',
    packages: { '@cloudflare/codemode': '0.5.6', miniflare: '4.20260426.0', esbuild: '0.28.2' },
    imports: ['miniflare', 'esbuild'],
    adapter: 'cloudflare',
    runsIn: 'dynamic Workers of a local workerd process',
    remark:
      'Made for the Workers platform; here in local workerd, each cell one HTTP request, tools in the parent Worker.',
  },
  {
    ...foreign,
    id: '@tanstack/ai-isolate-node',
    packages: {
      '@tanstack/ai-isolate-node': '0.1.43',
      '@tanstack/ai-code-mode': '0.3.4',
      '@tanstack/ai': '0.39.0',
      'isolated-vm': '6.2.0',
      zod: '4.6.7',
    },
    imports: ['@tanstack/ai-isolate-node', '@tanstack/ai-code-mode', '@tanstack/ai', 'zod'],
    adapter: 'tanstack',
    node: NODE_24,
    flags: NO_SNAPSHOT,
    runsIn: 'V8 isolates of this process (isolated-vm 6)',
    remark: 'On Node 24, the newest its isolated-vm has binaries for.',
  },
  {
    ...foreign,
    id: '@utcp/code-mode',
    packages: {
      '@utcp/code-mode': '1.2.12',
      '@utcp/sdk': '1.1.2',
      '@utcp/direct-call': '1.0.12',
      'isolated-vm': '6.2.0',
    },
    imports: ['@utcp/code-mode', '@utcp/direct-call'],
    adapter: 'utcp',
    node: NODE_24,
    flags: NO_SNAPSHOT,
    runsIn: 'V8 isolates of this process (isolated-vm 6)',
    remark: 'On Node 24, the newest its isolated-vm has binaries for.',
  },
  {
    ...foreign,
    id: '@sebastianwessel/quickjs',
    packages: {
      '@sebastianwessel/quickjs': '3.1.0',
      '@jitl/quickjs-ng-wasmfile-release-sync': '0.32.0',
    },
    imports: ['@sebastianwessel/quickjs', '@jitl/quickjs-ng-wasmfile-release-sync'],
    adapter: 'sebastianwessel',
    runsIn: 'QuickJS (wasm) on the main thread',
  },
  {
    ...foreign,
    id: 'isolated-vm',
    packages: { 'isolated-vm': '7.0.1' },
    imports: ['isolated-vm'],
    adapter: 'isolated-vm',
    flags: NO_SNAPSHOT,
    runsIn: 'V8 isolates of this process',
    remark:
      'The engine alone, as its README uses it: no sessions, no output, no limits but memory.',
  },
  {
    ...foreign,
    id: 'baseline bare host',
    packages: {},
    imports: [],
    adapter: 'bare-host',
    program: 'bare-host/bare-host.js',
    runsIn: 'contexts of one isolate, in a process behind one that passes bytes on',
    remark:
      'No host that can be used: nothing is checked, bounded or stopped. What any host of two Node.js processes takes at least.',
  },
  {
    ...foreign,
    id: 'baseline node:vm',
    packages: {},
    imports: [],
    adapter: 'node-vm',
    runsIn: 'a context of this process',
    remark: 'No sandbox: what cannot be beaten. Its start is that of `node -e 0`.',
  },
];

/** Folder names are made of ids. */
export function slugOf(id: string): string {
  return id.replaceAll(/[^a-z0-9.-]+/gi, '-').replace(/^-/, '');
}
