import { isJsonObject, ownValue } from './json-object.ts';
import type { RenderBudget } from './render-budget.ts';

const MAX_DEPTH = 256;

/**
 * A value as its TypeScript literal type, written as JSON, which is also TypeScript.
 * Parts that JSON has no text for, or that are nested more than 256 levels deep, are `unknown`.
 *
 * @throws `limit_exceeded` if the budget is exhausted.
 */
export function literalText(value: unknown, budget: RenderBudget, depth = 0): string {
  budget.step();
  const isPlain = typeof value === 'string' || typeof value === 'boolean' || value === null;
  if (isPlain || Number.isFinite(value)) return budget.write(JSON.stringify(value));
  if (depth < MAX_DEPTH && Array.isArray(value)) return arrayText(value, budget, depth + 1);
  if (depth < MAX_DEPTH && isJsonObject(value)) return objectText(value, budget, depth + 1);
  return budget.write('unknown');
}

function arrayText(array: readonly unknown[], budget: RenderBudget, depth: number): string {
  const parts: string[] = [];
  // Not map: a sparse array can be far longer than the message that created it.
  for (const element of array) parts.push(literalText(element, budget, depth));
  return brackets('[', parts, ']', budget);
}

function objectText(object: object, budget: RenderBudget, depth: number): string {
  const parts = Object.keys(object).map((name) => {
    const key = literalText(name, budget, depth);
    return `${key}:${literalText(ownValue(object, name), budget, depth)}`;
  });
  budget.spend(parts.length);
  return brackets('{', parts, '}', budget);
}

function brackets(open: string, parts: string[], close: string, budget: RenderBudget): string {
  budget.spend(2 + Math.max(0, parts.length - 1));
  return `${open}${parts.join(',')}${close}`;
}
