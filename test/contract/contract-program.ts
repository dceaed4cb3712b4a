import type { SandboxLimits } from '../../sandbox/index.ts';
import type { Program, Sandbox, SandboxRun } from '../../src/sandbox.ts';
import type { RecordingCalls } from '../support/recording-calls.ts';

/** The options of a sandbox under test. */
export interface ContractOptions {
  readonly limits?: Partial<SandboxLimits>;
}

/** A started program, and its calls. */
export interface StartedProgram {
  readonly calls: RecordingCalls;
  readonly run: SandboxRun;
}

/** The tools of every part of the contract. */
export interface ContractTools {
  readonly makeSandbox: (options: ContractOptions) => Sandbox;
  /** Starts a program with the tools `a` and `b`. */
  readonly start: (
    source: string,
    fields?: Partial<Program>,
    calls?: RecordingCalls,
  ) => StartedProgram;
  /** Resolves when another program has run for some turns: time for what must not happen. */
  readonly later: () => Promise<void>;
}

const PROGRAM: Program = {
  source: '',
  tools: [
    { identifier: 'a', description: 'tool a' },
    { identifier: 'b', description: 'tool b' },
  ],
  values: new Map(),
  toolErrors: 'error',
  console: false,
  globals: 'standard',
  hold: false,
};

/** A program with the tools `a` and `b`. */
export function contractProgram(source: string, fields: Partial<Program> = {}): Program {
  return { ...PROGRAM, source, ...fields };
}
