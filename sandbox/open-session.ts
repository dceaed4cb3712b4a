import { SessionRuntime, type SessionRuntimeOptions } from '../src/runtime/session-runtime.ts';
import type { Sandbox } from '../src/sandbox.ts';
import { ProcessSandbox } from './process/process-sandbox.ts';

/** Options of `openSession`. Without a `sandbox`, sessions share one of this process. */
export type OpenSessionOptions = Omit<SessionRuntimeOptions, 'sandbox'> & {
  readonly sandbox?: Sandbox;
};

let shared: ProcessSandbox | null = null;

/**
 * Opens a session in this process whose programs run in sandbox processes.
 *
 * The shared sandbox needs no closing: its processes end with this one, and do not keep it alive.
 *
 * @throws `sandbox_failed` if no Node.js is found to run cells on; `invalid_argument` for invalid limits.
 */
export function openSession(options: OpenSessionOptions): SessionRuntime {
  if (options.sandbox !== undefined)
    return new SessionRuntime({ ...options, sandbox: options.sandbox });
  shared ??= new ProcessSandbox();
  return new SessionRuntime({ ...options, sandbox: shared });
}
