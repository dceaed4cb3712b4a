import { pathToFileURL } from 'node:url';
import type { Measure, Pace } from './measurement.ts';
import type { SuiteAnswer } from './run-suite.ts';

const LINGER_MS = 2_000;

// Forked by `runSuite` with the file of a suite and the pace.
const [file = '', pace] = process.argv.slice(2);
const answer = await runHere(file, pace === 'once' ? 'once' : 'full');
process.send?.(answer, () => process.disconnect?.());
// A suite that leaves timers or workers behind must not delay the whole run. Not earlier:
// process.exit() sometimes crashes if an isolate was just stopped inside a loop.
setTimeout(() => process.exit(0), LINGER_MS).unref();

async function runHere(path: string, pace: Pace): Promise<SuiteAnswer> {
  try {
    const suite: { readonly measure: Measure } = await import(pathToFileURL(path).href);
    return { ok: true, measurements: await suite.measure(pace) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? String(error.stack) : String(error) };
  }
}
