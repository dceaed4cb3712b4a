import { after, describe } from 'node:test';
import type { Program, Sandbox } from '../../src/sandbox.ts';
import { RecordingCalls } from '../support/recording-calls.ts';
import { type ContractOptions, contractProgram, type StartedProgram } from './contract-program.ts';
import { deadlockContract } from './sandbox-deadlock-contract.ts';
import { endingContract } from './sandbox-ending-contract.ts';
import { holdingContract } from './sandbox-holding-contract.ts';
import { killingContract } from './sandbox-killing-contract.ts';
import { repairContract } from './sandbox-repair-contract.ts';
import { timersContract } from './sandbox-timers-contract.ts';
import { turnsContract } from './sandbox-turns-contract.ts';
import { valuesContract } from './sandbox-values-contract.ts';

/** What every sandbox does, seen from the session. */
export function sandboxContract(
  name: string,
  makeSandbox: (options: ContractOptions) => Sandbox,
): void {
  describe(`${name}, as a sandbox`, () => {
    const sandbox = makeSandbox({});
    after(() => sandbox.close());
    const session = Symbol('contract');

    function start(
      source: string,
      fields: Partial<Program> = {},
      calls = new RecordingCalls(),
    ): StartedProgram {
      return { calls, run: calls.runIn(sandbox, contractProgram(source, fields), session) };
    }

    async function later(): Promise<void> {
      await start('for (let i = 0; i < 10; i++) await new Promise((r) => setTimeout(r, 3))').run
        .ended;
    }

    const tools = { makeSandbox, start, later };
    endingContract(tools);
    deadlockContract(tools);
    killingContract(tools);
    holdingContract(tools);
    repairContract(tools);
    timersContract(tools);
    turnsContract(tools);
    valuesContract(tools);
  });
}
