/** Whether it is an object with exactly so many fields. Only for what `JSON.parse` returns. */
export function hasFields(
  value: unknown,
  fields: number,
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  let count = 0;
  for (const _ in value) count += 1;
  return count === fields;
}
