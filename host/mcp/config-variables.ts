/** Environment variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A text with its variables filled in, or why that is not possible. */
export type FilledIn = { readonly text: string } | { readonly problem: string };

/** Length of a text when its variables are filled in, in UTF-16 units. */
const MAX_LENGTH = 1 << 20;

/** `${NAME}` or `${NAME:-default}`, and `$` before it for the text itself. */
const VARIABLE = /(\$?)\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

/**
 * Fills environment variables in: `${NAME}`, and `${NAME:-default}` for one that may be unset or
 * empty. `$${NAME}` stands for the text `${NAME}`. Values are not searched for variables.
 */
export function withVariables(text: string, variables: Variables): FilledIn {
  let filled = '';
  let end = 0;
  for (const { 0: all, 1: dollar, 2: name = '', 3: fallback, index } of text.matchAll(VARIABLE)) {
    const value = dollar === '' ? valueFor(name, fallback, variables) : all.slice(1);
    if (value === undefined) {
      const advice = `set it, or write \${${name}:-default}`;
      return { problem: `the environment variable ${name} is not set; ${advice}` };
    }
    filled += text.slice(end, index) + value;
    end = index + all.length;
    if (filled.length > MAX_LENGTH) return TOO_LONG;
  }
  filled += text.slice(end);
  return filled.length > MAX_LENGTH ? TOO_LONG : { text: filled };
}

const TOO_LONG: FilledIn = {
  problem: `it has more than ${MAX_LENGTH} characters when its variables are filled in`,
};

function valueFor(
  name: string,
  fallback: string | undefined,
  variables: Variables,
): string | undefined {
  const value = variables[name];
  return fallback !== undefined && (value === undefined || value === '') ? fallback : value;
}
