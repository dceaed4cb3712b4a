import { readFileSync } from 'node:fs';

/** Reads a file of recorded answers. */
export function readRecorded(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8'));
}

/** How long something took, which differs from run to run. */
const DURATIONS = new Set(['result_buffered_for_ns', 'code_mode_host_duration_ns']);

/**
 * A value without what may differ from the recording: durations, the wording of syntax errors and
 * the frames of a stack overflow.
 */
export function comparable(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inside: unknown) => {
    if (DURATIONS.has(key)) return undefined;
    return key === 'error_text' ? soften(inside) : inside;
  });
  return JSON.parse(text);
}

function soften(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  if (text.startsWith('SyntaxError:')) return 'SyntaxError';
  return text.startsWith('RangeError: Maximum call stack') ? text.split('\n')[0] : text;
}
