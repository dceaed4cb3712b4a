import ivm from 'isolated-vm';
import { Bench } from 'tinybench';
import type { Delegate, ToolCall } from '../src/delegate.ts';
import { completedText } from './support/completed-text.ts';
import { EchoPort, type Numbered } from './support/echo-port.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
} from './support/measurement.ts';
import { openRig } from './support/rig.ts';
import { Turnstile } from './support/turnstile.ts';

const IN_A_ROW = 1_000;
const AT_ONCE = [100, 1_000, 10_000];

/** How long does an empty tool call take? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  return [...(await measureSingle(pace)), ...(await measureMany(pace))];
}

/** Each round trip is a sample: from the answer of one call to the arrival of the next. */
async function measureSingle(pace: Pace): Promise<readonly Measurement[]> {
  const calls = new Turnstile<ToolCall>();
  const delegate: Delegate = { invokeTool: (call) => calls.enter(call), notify: async () => {} };
  await using rig = openRig({ delegate, tools: ['next'] });
  await using port = new EchoPort();
  await port.ready();
  await rig.session.execute({
    source: 'for (let n = 0; ; n += 1) n = (await tools.next({ n })).n;',
  });
  await calls.arrived();
  const bench = new Bench(
    benchOptions('one round trip after the other, each', pace, {
      samples: 1_000,
      timeMs: 1_000,
      warmups: 300,
    }),
  );
  let n = 0;
  bench.add('tool call', async () =>
    timed(async () => {
      const call = await calls.next({ n: n + 1 });
      n += 2;
      check('The argument', (call.input as Numbered).n, n);
    }),
  );
  bench.add('baseline: postMessage to a worker and back', async () =>
    timed(async () => check('The echo', (await port.roundTrip({ n })).n, n)),
  );
  return await measured(bench, 'µs');
}

/** A sample is the time of all calls divided by their number: from the start signal to the end of the cell. */
async function measureMany(pace: Pace): Promise<readonly Measurement[]> {
  await using port = new EchoPort();
  await port.ready();
  const bench = new Bench(
    benchOptions('many, per call', pace, { samples: 20, timeMs: 600, warmups: 3 }),
  );
  bench.add(`${IN_A_ROW} tool calls in a row`, async () =>
    runSignalled(
      `let sum = 0;
      for (let n = 0; n < ${IN_A_ROW}; n += 1) sum += (await tools.echo({ n })).n;
      text(sum);`,
      IN_A_ROW,
    ),
  );
  for (const size of AT_ONCE) {
    bench.add(`${size} tool calls at once`, async () =>
      runSignalled(
        `const calls = Array.from({ length: ${size} }, (_, n) => tools.echo({ n }));
        text((await Promise.all(calls)).reduce((sum, { n }) => sum + n, 0));`,
        size,
      ),
    );
  }
  bench.add(`baseline: isolated-vm, ${IN_A_ROW} calls in a row through its thread`, async () =>
    timedCalls(IN_A_ROW),
  );
  for (const size of AT_ONCE) {
    bench.add(`baseline: ${size} postMessage round trips at once`, async () =>
      timed(async () => {
        const trips = Array.from({ length: size }, (_, n) => port.roundTrip({ n }));
        const sum = (await Promise.all(trips)).reduce((total, { n }) => total + n, 0);
        check('The sum', sum, sumTo(size));
      }, size),
    );
  }
  return await measured(bench, 'µs');
}

/** Times a program that adds up the results of its calls, from its start signal. */
async function runSignalled(source: string, size: number) {
  const start = new Turnstile<void>();
  const delegate: Delegate = {
    invokeTool: async (call) => (call.tool === 'start' ? start.enter() : call.input),
    notify: async () => {},
  };
  await using rig = openRig({ delegate, tools: ['start', 'echo'], sandbox: { reserve: 0 } });
  const { first } = await rig.session.execute({ source: `await tools.start();\n${source}` });
  await start.arrived();
  return await timed(async () => {
    start.letGo(null);
    check('The sum', completedText(await first), String(sumTo(size)));
  }, size);
}

/** The lower bound for calls of a program that this thread must not wait for: numbers, and nothing around them. */
async function timedCalls(count: number) {
  const isolate = new ivm.Isolate({ memoryLimit: 128 });
  try {
    const context = await isolate.createContext();
    const echo = new ivm.Reference((n: number) => n);
    const program = await context.evalClosure(
      `return async (count) => {
        let sum = 0;
        for (let n = 0; n < count; n += 1) sum += await $0.apply(undefined, [n]);
        return sum;
      };`,
      [echo],
      { result: { reference: true } },
    );
    return await timed(async () => {
      const sum = await program.apply(undefined, [count], { result: { promise: true } });
      check('The sum', sum, sumTo(count));
    }, count);
  } finally {
    isolate.dispose();
  }
}

function sumTo(size: number): number {
  return (size * (size - 1)) / 2;
}
