import { setTimeout } from 'node:timers/promises';
import { elapsedMs } from '../support/measurement.ts';
import { NotSupported } from './peer.ts';
import { expectAnswer, type Ground, startProgram, type Task } from './task.ts';
import { echo, PAUSE_MS, pause } from './tools.ts';

const CROWD = 100;
const PARALLEL = 10;
const BIG = 1 << 20;

/** Starting, cells and tool calls. */
export const callTasks: readonly Task[] = [
  {
    id: 'greeting',
    title: 'start of a host to its greeting',
    unit: 'ms',
    maxSeconds: 20,
    warm: false,
    run: async ({ peer: { greetedMs } }) => {
      if (greetedMs === undefined) throw new NotSupported('It is no process that greets');
      return { samples: [greetedMs] };
    },
  },
  {
    id: 'start',
    title: 'start to ready',
    unit: 'ms',
    maxSeconds: 20,
    warm: false,
    run: async ({ openedMs }) => ({ samples: [openedMs] }),
  },
  {
    id: 'start-answer',
    title: 'start to the first answer',
    unit: 'ms',
    maxSeconds: 20,
    warm: false,
    run: async (ground) => ({ samples: [ground.openedMs + (await elapsedMs(() => two(ground)))] }),
  },
  {
    id: 'cell',
    title: 'a cell that answers 1 + 1',
    unit: 'ms',
    maxSeconds: 20,
    run: (ground) =>
      repeat(ground, { warmups: 10, samples: 60 }, () => elapsedMs(() => two(ground))),
  },
  {
    id: 'crowd',
    title: `${CROWD} cells at once`,
    unit: 'ms',
    maxSeconds: 30,
    run: (ground) =>
      repeat(ground, { warmups: 1, samples: 3, pauseMs: 200 }, () =>
        elapsedMs(() => Promise.all(Array.from({ length: CROWD }, () => two(ground)))),
      ),
  },
  ...[100, 1_000].map(inARow),
  ...[100, 1_000, 10_000].map(atOnce),
  {
    id: 'parallel',
    title: `${PARALLEL} tool calls at once, each tool takes ${PAUSE_MS} ms`,
    unit: 'ms',
    maxSeconds: 20,
    run: (ground) =>
      repeat(ground, { warmups: 0, samples: 3 }, () =>
        elapsedMs(() => runProgram(ground, allOf(PARALLEL), SUM, sumTo(PARALLEL), pause)),
      ),
  },
  {
    id: 'payload',
    title: '1 MiB to a tool and back',
    unit: 'ms',
    maxSeconds: 30,
    run: (ground) => {
      const trips = ground.quick ? 3 : 10;
      const body = `const s = 'x'.repeat(${BIG}); let sum = 0;
        for (let n = 0; n < ${trips}; n += 1) sum += (await CALL({ s })).s.length;`;
      return repeat(ground, { warmups: 1, samples: 2 }, async () => {
        return (await elapsedMs(() => runProgram(ground, body, 'sum', trips * BIG, echo))) / trips;
      });
    },
  },
];

const SUM = 'results.reduce((sum, { n }) => sum + n, 0)';

function inARow(count: number): Task {
  const body = `let sum = 0;
    for (let n = 0; n < ${count}; n += 1) sum += (await CALL({ n })).n;`;
  return {
    id: `row-${count}`,
    title: `${count.toLocaleString('en')} tool calls in a row`,
    unit: 'ms',
    maxSeconds: 20,
    run: (ground) =>
      repeat(ground, { warmups: 1, samples: 3 }, () =>
        elapsedMs(() => runProgram(ground, body, 'sum', sumTo(count), echo)),
      ),
  };
}

function atOnce(count: number): Task {
  return {
    id: `at-once-${count}`,
    title: `${count.toLocaleString('en')} tool calls at once`,
    unit: 'ms',
    maxSeconds: 20,
    run: (ground) =>
      repeat(ground, { warmups: 1, samples: 3 }, () =>
        elapsedMs(() => runProgram(ground, allOf(count), SUM, sumTo(count), echo)),
      ),
  };
}

function allOf(count: number): string {
  return `const results = await Promise.all(
    Array.from({ length: ${count} }, (_, n) => CALL({ n })));`;
}

function two({ peer }: Ground): Promise<void> {
  return expectAnswer(startProgram(peer, '', '1 + 1', echo), 2);
}

function runProgram(
  { peer }: Ground,
  body: string,
  answer: string,
  wanted: number,
  tool: typeof echo,
): Promise<void> {
  return expectAnswer(startProgram(peer, body, answer, tool), wanted);
}

function sumTo(size: number): number {
  return (size * (size - 1)) / 2;
}

/** Takes samples; a quarter of them in a quick run. */
async function repeat(
  { quick }: Ground,
  counts: { readonly warmups: number; readonly samples: number; readonly pauseMs?: number },
  sample: () => Promise<number>,
) {
  const { warmups, samples, pauseMs = 0 } = counts;
  const skipped = quick ? Math.ceil(warmups / 4) : warmups;
  const total = skipped + (quick ? Math.ceil(samples / 4) : samples);
  const all: number[] = [];
  for (let n = 0; n < total; n += 1) {
    all.push(await sample());
    if (pauseMs > 0) await setTimeout(pauseMs);
  }
  return { samples: all.slice(skipped) };
}
