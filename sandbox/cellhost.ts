// The exports of the package `cellhost`. Loads no native code.
import '../src/embed/supported-node.ts';

export * from '../src/index.ts';
export type { SandboxLimits } from './limits.ts';
export {
  type DelegatedTools,
  type OpenSessionOptions,
  type OwnTools,
  openSession,
} from './open-session.ts';
export type { EndCause, EndCounts } from './process/end-cause.ts';
export type { ProcessLimits } from './process/limits.ts';
export type { PoolCounts } from './process/pool-options.ts';
export {
  ProcessSandbox,
  type ProcessSandboxOptions,
  processSandbox,
} from './process/process-sandbox.ts';
export { restrictedLaunch } from './process/restricted-launch.ts';
