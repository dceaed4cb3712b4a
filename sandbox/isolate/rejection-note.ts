const MAX_LENGTH = 500;

/**
 * The note on a rejected promise that was not handled.
 *
 * @param error Its reason as isolated-vm passes it on: an error of the host, or a primitive.
 * @param call The tool call that caused it, if one did.
 */
export function rejectionNote(error: unknown, call?: string): string {
  const thrown = error instanceof Error;
  const place = thrown ? /\bexec_main\.mjs:\d+:\d+/.exec(error.stack ?? '')?.[0] : undefined;
  const what = thrown ? `${error.name}: ${error.message}` : shown(error);
  const known = call ?? place;
  const where = known === undefined ? '' : ` (${known.slice(0, MAX_LENGTH)})`;
  return `A promise was rejected and nothing handled it in time: ${what.slice(0, MAX_LENGTH)}${where}`;
}

/** Writing out a number of millions of digits would take seconds. */
function shown(value: unknown): string {
  return typeof value === 'bigint' ? 'a bigint' : String(value);
}
