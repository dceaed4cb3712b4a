import type { RenderBudget } from './render-budget.ts';

/** A property of an object type. */
export interface Member {
  readonly name: string;
  readonly required: boolean;
  /** A TypeScript type. */
  readonly type: string;
  /** Any text; undefined if there is none. */
  readonly description: string | undefined;
}

/**
 * An object type: on one line or, if a member has a description that is not blank, with each member
 * on its own line below its description as comments. Members keep their order.
 *
 * @param rest The type of all other properties; null if there are none.
 * @throws `limit_exceeded` if the budget is exhausted.
 */
export function objectTypeText(
  members: readonly Member[],
  rest: string | null,
  budget: RenderBudget,
): string {
  if (members.length === 0 && rest === null) return budget.write('{}');
  const comments = members.map((member) => commentLines(member.description ?? '', budget));
  const texts = members.map((member) => memberText(member, budget));
  if (rest !== null) texts.push(`${budget.write('[key: string]: ')}${rest};`);
  // For each member a space, or a line break with its indent, and a semicolon; braces around all.
  budget.spend(4 + 4 * texts.length);
  if (comments.every((lines) => lines.length === 0)) return `{ ${texts.join(' ')} }`;
  const lines = texts.flatMap((text, index) => [...(comments[index] ?? []), text]);
  return ['{', ...lines.map((line) => `  ${line}`), '}'].join('\n');
}

function memberText(member: Member, budget: RenderBudget): string {
  const { name, required, type } = member;
  const isIdentifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name);
  const key = isIdentifier ? name : JSON.stringify(name);
  return `${budget.write(`${key}${required ? '' : '?'}: `)}${type};`;
}

function commentLines(description: string, budget: RenderBudget): readonly string[] {
  // Scanning blank text takes time, too.
  budget.spend(Buffer.byteLength(description));
  const lines = description
    // All four end a comment in JavaScript.
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  budget.spend(lines.length * '  // \n'.length);
  return lines.map((line) => `// ${line.toWellFormed()}`);
}
