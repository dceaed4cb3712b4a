/**
 * Control characters but tab and newline, and those that reverse the direction of text. Not before it is
 * used: to read the expression takes longer than most modules, and programs wait for this one at their start.
 */
const unsafe = () => /[[\p{Cc}--[\t\n]]\p{Bidi_Control}]/gv;
/** The same with tab and newline. */
const unsafeInLine = () => /[\p{Cc}\p{Bidi_Control}]/gv;
const FIRST_PICTURE = 0x2400;
const DELETE_PICTURE = '\u2421';

/**
 * Text of programs, servers and files as a person may be shown it: control characters, which could
 * move the cursor, answer for the user or hide text, become visible.
 */
export function withoutControls(text: string): string {
  return text.replace(unsafe(), pictured);
}

/** Text as one line that a person may be shown: as `withoutControls`, and it stays in its line. */
export function inOneLine(text: string): string {
  return text.replace(unsafeInLine(), pictured);
}

/** JSON text in one line without control characters: `JSON.stringify` leaves some of them as they are. */
export function escapedJson(value: unknown): string {
  return JSON.stringify(value).replace(unsafe(), escaped);
}

function pictured(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(FIRST_PICTURE + code);
  return code === 0x7f ? DELETE_PICTURE : escaped(char);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
