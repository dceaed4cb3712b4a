import { elementsOf, memberOf, type Span } from './json-spans.ts';

/** What becomes of the servers in a request. */
export interface ServersChange {
  /** Positions in the list of those that stay. */
  readonly kept: readonly number[];
  /** What is added behind them. */
  readonly added: object;
}

/**
 * Changes `mcpServers` in the line of a request. Every other byte of the line stays.
 *
 * @param params The parameters of the request: an object.
 * @returns Undefined if there is a list that is no array: then the line stays as it is.
 */
export function rewrittenServers(
  line: Buffer,
  params: Span,
  { kept, added }: ServersChange,
): Buffer | undefined {
  const json = JSON.stringify(added);
  const list = memberOf(line, params, 'mcpServers');
  if (list === undefined) return withMember(line, params, json);
  const elements = [...elementsOf(line, list)];
  const isList = line[list.start] === OPENING || textOf(line, list) === 'null';
  if (!isList) return undefined;
  const texts = kept.flatMap((index) => {
    const element = elements[index];
    return element === undefined ? [] : [line.subarray(element.start, element.end)];
  });
  const items = [...texts, Buffer.from(json)].flatMap((text) => [Buffer.from(','), text]).slice(1);
  return Buffer.concat([
    line.subarray(0, list.start),
    Buffer.from('['),
    ...items,
    Buffer.from(']'),
    line.subarray(list.end),
  ]);
}

const OPENING = 0x5b;

function withMember(line: Buffer, params: Span, json: string): Buffer {
  const inside = params.start + 1;
  const isEmpty = textOf(line, { start: inside, end: params.end - 1 }).trim() === '';
  const member = `"mcpServers":[${json}]${isEmpty ? '' : ','}`;
  return Buffer.concat([line.subarray(0, inside), Buffer.from(member), line.subarray(inside)]);
}

function textOf(line: Buffer, { start, end }: Span): string {
  return line.toString('latin1', start, end);
}
