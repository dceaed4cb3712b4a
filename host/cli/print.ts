import { escapedJson, withoutControls } from '../io/visible-text.ts';
import type { CliOutput } from './cli-io.ts';

/** Whose lines these are: set in bold on a terminal, where nothing else is. */
export type Label =
  | 'cellhost:'
  | 'cell failed:'
  | 'note:'
  | 'notification:'
  | 'warning:'
  | `[${string}]`;

const BOLD = '\u001b[1m';
const NOT_BOLD = '\u001b[22m';

/** JSON text in one line without control characters: `JSON.stringify` leaves some of them as they are. */
export function jsonLine(value: object): string {
  return `${escapedJson(value)}\n`;
}

/** Writes text as it is; on a terminal without control characters. */
export function print(stream: CliOutput, text: string): void {
  stream.write(stream.isTTY === true ? withoutControls(text) : text);
}

/** Writes a line of ours. No line of its text can be taken for another one of ours. */
export function printLabelled(stream: CliOutput, label: Label, text: string): void {
  if (stream.isTTY !== true) return void stream.write(`${label} ${indented(text)}\n`);
  const body = indented(withoutControls(text));
  stream.write(`${BOLD}${withoutControls(label)}${NOT_BOLD} ${body}\n`);
}

/** Writes how a cell failed: with a label on a terminal; elsewhere tools look for a position at its start. */
export function printFailure(stream: CliOutput, text: string): void {
  if (stream.isTTY === true) printLabelled(stream, 'cell failed:', text);
  else stream.write(`${indented(text)}\n`);
}

function indented(text: string): string {
  return text.replace(/(\r\n?|\n)(?=\S)/g, '$1    ');
}
