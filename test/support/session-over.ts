import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import { CONTRACT_TOOLS, type SetUpSession } from '../contract/session-setup.ts';
import { ScriptedDelegate } from './scripted-delegate.ts';

/** Makes the sessions of the session contract, over this sandbox. */
export function sessionOver(sandbox: Sandbox): SetUpSession {
  return async (limits) => {
    const delegate = new ScriptedDelegate();
    const made = limits === undefined ? {} : { limits };
    const session = new SessionRuntime({ delegate, sandbox, tools: CONTRACT_TOOLS, ...made });
    return { session, delegate, [Symbol.asyncDispose]: () => session.close() };
  };
}
