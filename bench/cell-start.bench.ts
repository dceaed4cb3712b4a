import { setTimeout } from 'node:timers/promises';
import { Script } from 'node:vm';
import ivm from 'isolated-vm';
import { Bench } from 'tinybench';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
} from './support/measurement.ts';
import { openRig, type Rig, textOf } from './support/rig.ts';

/** Time to free the last isolate and to prepare the next. */
const REFILL_MS = 30;
/** Back-to-back cells between two pauses. */
const BURST = 32;
/** Between two crowds: time to free a hundred isolates. */
const SETTLE_MS = 200;
const CROWD = 100;
/** For cells that are to have isolates of their own. */
const limits = { maxProgramsPerIsolate: 1 };

/** How long does it take from a program to its result, and how much of that is V8? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const rare = await measureOne(pace, 'after a pause', 4, () => setTimeout(REFILL_MS));
  let runs = 0;
  const frequent = await measureOne(pace, 'right after another', BURST, async () => {
    runs += 1;
    if (runs % BURST === 1) await setTimeout(SETTLE_MS);
  });
  return [...rare, ...frequent, ...(await measureCrowd(pace))];
}

/** @param pause What happens before each sample. */
async function measureOne(
  pace: Pace,
  when: string,
  reserve: number,
  pause: () => Promise<void>,
): Promise<readonly Measurement[]> {
  await using cold = openRig({ sandbox: { reserve: 0, limits } });
  await using fresh = openRig({ sandbox: { reserve, limits } });
  await using warm = openRig({ sandbox: { reserve } });
  using used = new UsedIsolate();
  const bench = new Bench(
    benchOptions(`text(1 + 1), ${when}, to its result`, pace, { samples: 80, warmups: 10 }),
  );
  const add = (name: string, answer: () => Promise<unknown>, wanted: unknown) =>
    bench.add(name, async () => {
      await pause();
      return timed(async () => check('1 + 1', await answer(), wanted));
    });
  add('cold cell: no isolate waits', () => textOf(cold.session, 'text(1 + 1)'), '2');
  add('fresh cell: a new isolate waits', () => textOf(fresh.session, 'text(1 + 1)'), '2');
  add('warm cell: a used isolate waits', () => textOf(warm.session, 'text(1 + 1)'), '2');
  bench.add('baseline: isolated-vm Isolate, context, eval', async () => {
    await pause();
    return timedIsolates(1);
  });
  bench.add('baseline: isolated-vm, a new context in a used isolate, eval', async () => {
    await pause();
    return used.timedContext();
  });
  add('baseline: node:vm, new context', async () => new Script('1 + 1').runInNewContext(), 2);
  return await measured(bench);
}

async function measureCrowd(pace: Pace): Promise<readonly Measurement[]> {
  await using cold = openRig({ sandbox: { reserve: 0, limits } });
  await using usual = openRig();
  await using warm = openRig({ sandbox: { reserve: CROWD, limits } });
  const bench = new Bench(
    benchOptions(`${CROWD} cells at once, all of them`, pace, { samples: 10, warmups: 1 }),
  );
  bench.add('no isolate waits, none is used again', async () => startCrowd(cold, SETTLE_MS));
  bench.add('two isolates wait and are used again, as by default', async () =>
    startCrowd(usual, SETTLE_MS),
  );
  bench.add(`${CROWD} isolates wait, none is used again`, async () =>
    startCrowd(warm, SETTLE_MS + CROWD * 5),
  );
  bench.add('baseline: isolated-vm Isolate, context, eval', async () => {
    await setTimeout(SETTLE_MS);
    return timedIsolates(CROWD);
  });
  return await measured(bench);
}

async function startCrowd({ session }: Rig, pauseMs: number) {
  await setTimeout(pauseMs);
  return timed(async () => {
    const texts = await Promise.all(
      Array.from({ length: CROWD }, (_, n) => textOf(session, `text(${n} + 1)`)),
    );
    texts.forEach((text, n) => {
      check(`Cell ${n}`, text, String(n + 1));
    });
  });
}

/** The lower bound for a cell in a used isolate if no context is ready: all on this thread, and nothing around it. */
class UsedIsolate {
  readonly #isolate = new ivm.Isolate({ memoryLimit: 128 });

  timedContext() {
    return timed(async () => {
      const context = this.#isolate.createContextSync();
      check('1 + 1', context.evalSync('1 + 1'), 2);
      context.release();
    });
  }

  [Symbol.dispose](): void {
    this.#isolate.dispose();
  }
}

/** The lower bound for a cell if no isolate is ready. */
async function timedIsolates(count: number) {
  const isolates: ivm.Isolate[] = [];
  const time = await timed(() =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const isolate = new ivm.Isolate({ memoryLimit: 128 });
        isolates.push(isolate);
        const context = await isolate.createContext();
        check('1 + 1', await context.eval('1 + 1'), 2);
      }),
    ),
  );
  for (const isolate of isolates) isolate.dispose();
  return time;
}
