/** How many tools a note names at most. */
const MAX_NAMED = 5;
const MAX_NAME_LENGTH = 100;

/**
 * The note on tool calls that had no answer when their program ended.
 *
 * @param source The program. A tool that only one of its lines names is noted with that line.
 * @param identifiers The tool of each call, in call order.
 * @returns Null if there were none.
 */
export function cancelledNote(source: string, identifiers: readonly string[]): string | null {
  const { length } = identifiers;
  if (length === 0) return null;
  const counts = new Map<string, number>();
  for (const one of identifiers) counts.set(one, (counts.get(one) ?? 0) + 1);
  const named = [...counts]
    .slice(0, MAX_NAMED)
    .map(([one, count]) => describeCalls(source, one, count));
  const more = counts.size > MAX_NAMED ? ', …' : '';
  const calls = length === 1 ? '1 tool call was cancelled' : `${length} tool calls were cancelled`;
  const them = length === 1 ? 'it' : 'them';
  return `${calls} when the program ended: ${named.join(', ')}${more}; await ${them}`;
}

function describeCalls(source: string, identifier: string, count: number): string {
  const line = lineOfTool(source, identifier);
  const facts = [
    ...(count > 1 ? [`${count} times`] : []),
    ...(line === null ? [] : [`line ${line}`]),
  ];
  const name = `tools.${identifier.slice(0, MAX_NAME_LENGTH)}`;
  return facts.length === 0 ? name : `${name} (${facts.join(', ')})`;
}

/**
 * The line of the program on which a tool is called, from 1.
 *
 * It is looked up in the source because recording the place of each call would cost as much as the call.
 *
 * @returns Null if no line names the tool, or if several do.
 */
export function lineOfTool(source: string, identifier: string): number | null {
  const name = `tools.${identifier}`;
  let found: number | null = null;
  let line = 1;
  let from = 0;
  for (let at = source.indexOf(name); at >= 0; at = source.indexOf(name, at + 1)) {
    if (/[\w$\u0080-\uffff]/.test(source.charAt(at + name.length))) continue;
    line += breaksIn(source.slice(from, at));
    from = at;
    if (found !== null && found !== line) return null;
    found = line;
  }
  return found;
}

function breaksIn(text: string): number {
  return text.match(/\r\n|[\n\r\u2028\u2029]/g)?.length ?? 0;
}
