import { pathToFileURL } from 'node:url';
import type { Measure, Pace } from './measurement.ts';
import type { SuiteAnswer } from './run-suite.ts';

const LINGER_MS = 2_000;

// What `runSuite` forks: the file of a suite, then the pace.
const [file = '', pace] = process.argv.slice(2);
const answer = await runHere(file, pace === 'once' ? 'once' : 'full');
process.send?.(answer, () => process.disconnect?.());
// A suite that leaves timers or workers behind must not keep the whole run waiting. Not sooner:
// where an isolate was just stopped in the middle of a loop, process.exit() crashes now and then.
setTimeout(() => process.exit(0), LINGER_MS).unref();

async function runHere(path: string, pace: Pace): Promise<SuiteAnswer> {
  try {
    const suite: { readonly measure: Measure } = await import(pathToFileURL(path).href);
    return { ok: true, measurements: await suite.measure(pace) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? String(error.stack) : String(error) };
  }
}
