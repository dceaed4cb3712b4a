import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Measurement, Pace } from './measurement.ts';

const SUITE_PROCESS = fileURLToPath(new URL('suite-process.ts', import.meta.url));
const MAX_SUITE_MS = 600_000;

/**
 * Runs one `*.bench.ts` in a separate process, so that no suite inherits the heap, compiled code and
 * memory of another.
 *
 * @param file Its path.
 * @throws If a check in it fails, or its process ends without an answer.
 */
export async function runSuite(file: string, pace: Pace): Promise<readonly Measurement[]> {
  const child = fork(SUITE_PROCESS, [file, pace], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    timeout: MAX_SUITE_MS,
    killSignal: 'SIGKILL',
  });
  let answer: SuiteAnswer | null = null;
  child.on('message', (message) => {
    answer = message as SuiteAnswer;
  });
  const [code, signal]: readonly unknown[] = await once(child, 'exit');
  return measurementsOf(answer, code === 0 ? null : String(signal ?? `exit code ${code}`));
}

/** The message of a suite's process, sent once before it ends. */
export type SuiteAnswer =
  | { readonly ok: true; readonly measurements: readonly Measurement[] }
  | { readonly ok: false; readonly error: string };

function measurementsOf(answer: SuiteAnswer | null, end: string | null): readonly Measurement[] {
  if (answer === null) throw new Error(`Its process ended without an answer: ${end ?? 'well'}`);
  if (!answer.ok) throw new Error(answer.error);
  if (end !== null) throw new Error(`Its process measured all and then ended badly: ${end}`);
  return answer.measurements;
}
