import type { HostLog } from '../core/host-log.ts';
import type { CliOutput } from './cli-io.ts';
import { jsonLine, print } from './print.ts';

/** How important lines are, as tools that read such logs number it. */
const LOG_LEVELS = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
} as const;

/** @throws Error that names the levels. */
export function checkLogLevel(level: string): asserts level is keyof typeof LOG_LEVELS {
  if (Object.hasOwn(LOG_LEVELS, level)) return;
  const levels = Object.keys(LOG_LEVELS).join(', ');
  throw new Error(`Cannot use --log-level ${level}: choose one of ${levels}`);
}

/**
 * A log of JSON lines with level, time in milliseconds since 1970, fields and message.
 *
 * @param level Of the least important lines that are written.
 * @throws Error that names the levels.
 */
export function openLog(level: string, output: CliOutput): HostLog {
  checkLogLevel(level);
  const write = (name: 'info' | 'warn') => (fields: object, msg: string) => {
    if (LOG_LEVELS[name] < LOG_LEVELS[level]) return;
    print(output, jsonLine({ level: LOG_LEVELS[name], time: Date.now(), ...fields, msg }));
  };
  return { info: write('info'), warn: write('warn') };
}
