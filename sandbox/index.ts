import '../src/embed/supported-node.ts';

export type { IsolateRun } from './isolate/isolate-run.ts';
export type { IsolateSandboxOptions } from './isolate/isolate-sandbox.ts';
export { IsolateSandbox, isolateSandbox } from './isolate/isolate-sandbox.ts';
export { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './limits.ts';
