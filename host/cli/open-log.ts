import type { CliOutput } from './cli-io.ts';
import { print } from './print.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** @throws Error that names the levels. */
export function checkLogLevel(level: string): void {
  if (LOG_LEVELS.includes(level)) return;
  throw new Error(`Cannot use --log-level ${level}: choose one of ${LOG_LEVELS.join(', ')}`);
}

/** A log of JSON lines. Loaded when it is needed: what a client waits for first needs none of it. */
export async function openLog(level: string, output: CliOutput) {
  const { pino } = await import('pino');
  return pino({ level, base: null }, { write: (line) => print(output, line) });
}
