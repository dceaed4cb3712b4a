import { distance } from 'fastest-levenshtein';

const MAX_NAME_LENGTH = 128;
const MISSING_TOOL = /^TypeError: tools\.([\w$]+) is not a function/;

/** Also matches calls such as `tools['gh.list-issues']()`. */
const ANY_MISSING_TOOL = /^TypeError: tools\.([^\s()]{1,128}) is not a function/;

/**
 * Adds a suggestion to the error of a call of a tool that does not exist: the tool that was probably
 * meant. Other texts, and names that resemble no tool, stay unchanged.
 *
 * @param anyName Whether to match names that are not identifiers, too.
 */
export function withToolHint(
  text: string,
  identifiers: readonly string[],
  anyName = false,
): string {
  const pattern = anyName ? ANY_MISSING_TOOL : MISSING_TOOL;
  const wanted = pattern.exec(text)?.[1];
  if (wanted === undefined || wanted.length > MAX_NAME_LENGTH) return text;
  if (identifiers.includes(wanted)) return text;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const identifier of identifiers) {
    const far = lookAlike(wanted, identifier) ? 0 : distance(wanted, identifier);
    if (far < bestDistance) [best, bestDistance] = [identifier, far];
  }
  if (best === null) return text;
  return text.replace(pattern, (start) => `${start} (did you mean tools.${best}?)`);
}

function lookAlike(a: string, b: string): boolean {
  const bare = (name: string) => name.replaceAll(/[^a-zA-Z0-9\u0080-\uffff]/g, '').toLowerCase();
  return bare(a) === bare(b);
}
