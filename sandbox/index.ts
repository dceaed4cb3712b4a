import { IsolateSandbox, type IsolateSandboxOptions } from './isolate/isolate-sandbox.ts';

export type { IsolateSandboxOptions } from './isolate/isolate-sandbox.ts';
export { IsolateSandbox } from './isolate/isolate-sandbox.ts';
export { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './limits.ts';

/**
 * A sandbox of isolates in this process. Loads isolated-vm.
 *
 * @throws `invalid_argument` for an unknown limit, or a limit that is not a number.
 */
export function isolateSandbox(options?: IsolateSandboxOptions): IsolateSandbox {
  return new IsolateSandbox(options);
}
