import { setFlagsFromString } from 'node:v8';
import { Bench } from 'tinybench';
import { type Delegate, JsonText, type ToolCall } from '../src/delegate.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
  timedSync,
} from './support/measurement.ts';
import { openRig } from './support/rig.ts';
import { Turnstile } from './support/turnstile.ts';

const SIZES = [
  { size: '100 B', length: 100, samples: 300 },
  { size: '10 KiB', length: 10 << 10, samples: 300 },
  { size: '1 MiB', length: 1 << 20, samples: 20 },
  { size: '8 MiB', length: 8 << 20, samples: 8 },
  { size: '32 MiB', length: 32 << 20, samples: 3 },
];
/** By default a value can have 32 Mi characters including escapes, and a cell's heap 128 MiB. */
const LIMITS = { maxValueLength: 64 << 20, maxHeapBytes: 1 << 30 };

interface Payload {
  readonly text: string;
}

/**
 * V8 grows a small heap in small steps. Then it is chance whether a full collection runs at every large
 * value or at every tenth, which makes a threefold difference. A host also uses large steps.
 */
const LARGE_STEPS = '--heap-growing-percent=400';

/** How much does it cost to carry a large value to a tool and back, beyond its JSON? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  setFlagsFromString(LARGE_STEPS);
  const all: Measurement[] = [];
  for (const { size, length, samples } of SIZES) {
    const options = benchOptions(`${size} of text to a tool and back`, pace, {
      samples,
      timeMs: 500,
    });
    const found = await measureSize(new Bench(options), length);
    all.push(...found.map((each) => ({ ...each, dimensions: { bytes: length } })));
  }
  return all;
}

async function measureSize(bench: Bench, length: number): Promise<readonly Measurement[]> {
  const calls = new Turnstile<ToolCall>();
  const delegate: Delegate = { invokeTool: (call) => calls.enter(call), notify: async () => {} };
  await using rig = openRig({ delegate, tools: ['carry'], sandbox: { limits: LIMITS } });
  const payload: Payload = { text: lines(length) };
  const json = JSON.stringify(payload);
  const batch = length < 1 << 20 ? 100 : 1;
  await rig.session.execute({
    source: "for (let value = { text: '' }; ; ) value = await tools.carry(value);",
  });
  await calls.arrived();
  // The program's first call carries nothing yet.
  await calls.next(payload);

  bench.add('parsed by the delegate', async () =>
    timed(async () => {
      const { input } = await calls.next(payload);
      check('The length', (input as Payload).text.length, length);
    }),
  );
  bench.add('as JsonText: not parsed on this side', async () =>
    timed(async () => {
      const { inputJson } = await calls.next(new JsonText(json));
      check('The length', inputJson?.length, json.length);
    }),
  );
  bench.add('baseline: JSON.parse and stringify, once', () => {
    let restored = '';
    const time = timedSync(() => {
      restored = JSON.stringify(JSON.parse(json));
    }, batch);
    check('The text', restored, json);
    return time;
  });
  return await measured(bench);
}

/** Text such as tools return: lines of 80 characters, with something to escape in each. */
function lines(length: number): string {
  const line = `${'the quick brown fox said "no" and went '.repeat(2).slice(0, 79)}\n`;
  return line.repeat(Math.ceil(length / line.length)).slice(0, length);
}
