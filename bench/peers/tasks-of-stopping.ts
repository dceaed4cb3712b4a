import { setTimeout } from 'node:timers/promises';
import { elapsedMs } from '../support/measurement.ts';
import { NotSupported, type Tool } from './peer.ts';
import { type Ground, Never, startProgram, type Task, WrongAnswer, within } from './task.ts';
import { CountingTool, echo, type Manner, never } from './tools.ts';

const MANY = 1_000;
const LIMIT_MS = 300;
/** The pause before the stop call, after which the program certainly waits or spins. */
const SETTLE_MS = 50;

const LOOP = 'await CALL({}); for (;;) {}';
const WAIT = 'await CALL({});';

/** The duration of a stop call, and of a time limit if there is one. */
export const stopTasks: readonly Task[] = [
  stopTask('stop-busy', 'stop a busy loop', LOOP, 'answers', 1),
  stopTask('stop-cooperative', 'stop, a cooperative callback', WAIT, 'cooperative', 1),
  stopTask('stop-stubborn', 'stop, a callback that never answers', WAIT, 'stubborn', 1),
  stopTask(
    'stop-stubborn-1000',
    `stop, ${MANY.toLocaleString('en')} callbacks that never answer`,
    `await Promise.all(Array.from({ length: ${MANY} }, () => CALL({})));`,
    'stubborn',
    MANY,
  ),
  limitTask('limit-busy', 'a busy loop', LOOP, echo),
  limitTask('limit-stubborn', 'a callback that never answers', WAIT, never),
];

/** Sample: from the stop call to its answer. Each stops a fresh cell. */
function stopTask(id: string, title: string, body: string, manner: Manner, calls: number): Task {
  return {
    id,
    title,
    unit: 'ms',
    maxSeconds: 20,
    async run(ground) {
      if (!ground.peer.canStop) throw new NotSupported('There is no call that stops a cell');
      const samples: number[] = [];
      let told = 0;
      const rounds = ground.quick ? 2 : 6;
      for (let n = 0; n < rounds; n += 1) {
        const tool = new CountingTool(manner, calls);
        const cell = startProgram(ground.peer, body, '0', tool);
        await within(Promise.race([tool.complete(), failureOf(cell.answer)]), 5_000, 'The program');
        await setTimeout(SETTLE_MS);
        const stop = async () => cell.stop?.();
        samples.push(
          await elapsedMs(() => within(stop(), patienceMs(ground), 'The stop call', Never)),
        );
        told += tool.told;
      }
      // The first one is the warm-up.
      const counted = samples.slice(1);
      if (manner === 'answers') return { samples: counted };
      return { samples: counted, remark: `${told} of ${rounds * calls} calls were told to stop` };
    },
  };
}

/** Sample: from the start of a cell with a time limit to its end. */
function limitTask(id: string, what: string, body: string, tool: Tool): Task {
  return {
    id,
    title: `a time limit of ${LIMIT_MS} ms, ${what}: over after`,
    unit: 'ms',
    maxSeconds: 20,
    async run(ground) {
      if (!ground.peer.hasTimeLimit) throw new NotSupported('There is no time limit for a cell');
      const samples: number[] = [];
      for (let n = 0; n < (ground.quick ? 1 : 3); n += 1) {
        const cell = startProgram(ground.peer, body, '0', tool, { limitMs: LIMIT_MS });
        const over = cell.answer.then(
          () => {
            throw new WrongAnswer('The cell answered as if it had not been stopped');
          },
          () => {},
        );
        const patience = LIMIT_MS + patienceMs(ground);
        samples.push(await elapsedMs(() => within(over, patience, 'The limit', Never)));
      }
      return { samples };
    },
  };
}

function patienceMs({ quick }: Ground): number {
  return quick ? 1_500 : 3_000;
}

/** Rejects if the program ends too early. */
async function failureOf(answer: Promise<unknown>): Promise<never> {
  const value = await answer;
  throw new WrongAnswer(`The program ended with ${JSON.stringify(value)}`);
}
