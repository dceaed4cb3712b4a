import { after } from 'node:test';
import { isolateSandbox } from '../sandbox/index.ts';
import { SessionRuntime } from '../src/session-runtime.ts';
import { sessionContract } from './contract/session-contract.ts';
import { CONTRACT_TOOLS, type SetUpSession } from './contract/session-setup.ts';
import { ScriptedDelegate } from './support/scripted-delegate.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

const setUp: SetUpSession = async (limits) => {
  const delegate = new ScriptedDelegate();
  const made = limits === undefined ? {} : { limits };
  const session = new SessionRuntime({ delegate, sandbox, tools: CONTRACT_TOOLS, ...made });
  return { session, delegate, [Symbol.asyncDispose]: () => session.close() };
};

sessionContract('SessionRuntime over isolates of this process', setUp);
