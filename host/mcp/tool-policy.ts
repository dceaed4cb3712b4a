import { z } from 'zod';

const names = z.array(z.string().min(1, 'must not be empty'));

/** The field `tools` of a server in a configuration. Unknown fields are refused. */
export const toolPolicy = z
  .strictObject({
    allow: names.optional(),
    deny: names.optional(),
    ask: names.optional(),
    direct: names.optional(),
  })
  .superRefine((policy, context) => {
    for (const list of ['allow', 'ask', 'direct'] as const) {
      const both = policy[list]?.findIndex((name) => policy.deny?.includes(name)) ?? -1;
      if (both < 0) continue;
      const message = `"${policy[list]?.[both]}" is in \`deny\`, too`;
      context.addIssue({ code: 'custom', path: [list, both], message });
    }
  });

/**
 * What may be done with the tools of a server, by their names at the server; `*` stands for all.
 *
 * `allow`: those that programs reach; default: all. `deny`: those that nobody reaches. `ask`: those
 * that a person must approve each time. `direct`: those that clients are also listed themselves.
 */
export type ToolPolicy = Readonly<z.infer<typeof toolPolicy>>;

/** What a policy says of one tool. */
export interface ToolRule {
  readonly isAllowed: boolean;
  readonly mustAsk: boolean;
  readonly isDirect: boolean;
}

/** What holds for a tool. No name is in `allow` and `deny`; a name is stronger than `*`. */
export function ruleFor(policy: ToolPolicy | undefined, tool: string): ToolRule {
  const { allow = ['*'], deny = [], ask = [], direct = [] } = policy ?? {};
  const isNamed = (list: readonly string[]) => list.includes(tool);
  const isMeant = (list: readonly string[]) => isNamed(list) || list.includes('*');
  const isAllowed = isNamed(allow) || (isMeant(allow) && !isMeant(deny));
  return { isAllowed, mustAsk: isMeant(ask), isDirect: isAllowed && isMeant(direct) };
}
