import type { CliOutput } from './cli-io.ts';

/** Whose lines these are: set in bold on a terminal, where nothing else is. */
export type Label =
  | 'cellhost:'
  | 'cell failed:'
  | 'note:'
  | 'notification:'
  | 'warning:'
  | `[${string}]`;

/** Control characters but tab and newline, and those that reverse the direction of text. */
const UNSAFE = /[[\p{Cc}--[\t\n]]\p{Bidi_Control}]/gv;
/** The same with tab and newline. */
const UNSAFE_IN_LINE = /[\p{Cc}\p{Bidi_Control}]/gv;
const FIRST_PICTURE = 0x2400;
const DELETE_PICTURE = '\u2421';
const BOLD = '\u001b[1m';
const NOT_BOLD = '\u001b[22m';

/**
 * Text of programs, servers and files as a terminal may show it: control characters, which could
 * move the cursor, answer for the user or hide text, become visible.
 */
export function withoutControls(text: string): string {
  return text.replace(UNSAFE, pictured);
}

/** Text as a line of a terminal may show it: as `withoutControls`, and it stays in its line. */
export function inOneLine(text: string): string {
  return text.replace(UNSAFE_IN_LINE, pictured);
}

/** JSON text in one line without control characters: `JSON.stringify` leaves some of them as they are. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value).replace(UNSAFE, escaped)}\n`;
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

function pictured(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(FIRST_PICTURE + code);
  return code === 0x7f ? DELETE_PICTURE : escaped(char);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function indented(text: string): string {
  return text.replace(/(\r\n?|\n)(?=\S)/g, '$1    ');
}
