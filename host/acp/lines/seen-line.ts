import { membersOf, type Span, stringAt, wholeOf } from './json-spans.ts';

/** What a line is, as far as it can be told without reading the values in it. */
export type SeenLine =
  | {
      readonly type: 'request';
      readonly id: string;
      readonly method: string;
      readonly params: Span | undefined;
    }
  | { readonly type: 'notification'; readonly method: string; readonly params: Span | undefined }
  /** Its result; undefined for an error. */
  | { readonly type: 'answer'; readonly id: string; readonly result: Span | undefined }
  /** No JSON object, or none of the above: batches, too. */
  | { readonly type: 'other' };

/** What a line of the protocol is. An id is a text that is equal for equal ids. */
export function seeLine(line: Buffer): SeenLine {
  let id: Span | undefined;
  let method: Span | undefined;
  let params: Span | undefined;
  let result: Span | undefined;
  let isError = false;
  for (const [key, value] of membersOf(line, wholeOf(line))) {
    if (key === 'id') id = value;
    else if (key === 'method') method = value;
    else if (key === 'params') params = value;
    else if (key === 'result') result = value;
    else if (key === 'error') isError = true;
  }
  const name = stringAt(line, method);
  if (name !== undefined) {
    if (id === undefined) return { type: 'notification', method: name, params };
    return { type: 'request', id: idText(line, id), method: name, params };
  }
  if (id === undefined || (result === undefined && !isError)) return { type: 'other' };
  return { type: 'answer', id: idText(line, id), result };
}

/** The same text for every way to write an id, without loss for large numbers. */
export function idText(line: Buffer, span: Span): string {
  const text = stringAt(line, span);
  if (text !== undefined) return JSON.stringify(text);
  const raw = line.toString('utf8', span.start, span.end);
  const value = Number(raw);
  return Number.isSafeInteger(value) ? String(value) : raw;
}
