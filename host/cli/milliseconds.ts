const MAX_MS = 2 ** 31 - 1;

/** What a flag for a time wants. */
export const WANTED_MILLISECONDS = `It must be a whole number of milliseconds from 1 to ${MAX_MS}.`;

/** The value of a flag; undefined if it is not what is wanted. */
export function readMilliseconds(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= 1 && value <= MAX_MS ? value : undefined;
}
