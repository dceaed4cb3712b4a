import type { NestedTool } from '../mcp/nested-servers.ts';

/** Names that nobody else may have. */
const OWN_NAMES = ['exec', 'wait', 'cells'];

/**
 * The tools that clients call themselves, by the names that clients know: a tool's own name if no
 * other has it, otherwise `server__tool`. Of two with the same name even so, the first stays.
 */
export function directTools(nested: Iterable<NestedTool>): ReadonlyMap<string, NestedTool> {
  const direct = [...nested].filter(({ rule }) => rule.isDirect);
  const counts = new Map<string, number>();
  for (const { tool } of direct) counts.set(tool.name, (counts.get(tool.name) ?? 0) + 1);
  const named = new Map<string, NestedTool>();
  for (const route of direct) {
    const { name } = route.tool;
    const isTaken = OWN_NAMES.includes(name) || (counts.get(name) ?? 0) > 1;
    const unique = isTaken ? `${route.server.name}__${name}` : name;
    if (!named.has(unique)) named.set(unique, route);
  }
  return named;
}
