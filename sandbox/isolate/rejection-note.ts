const MAX_LENGTH = 500;

/**
 * A remark on a rejected promise that nobody handled.
 *
 * @param error What isolated-vm made of its reason: an error of the host, or a primitive.
 * @param call The call that the error came from, if it came from one.
 */
export function rejectionNote(error: unknown, call?: string): string {
  const thrown = error instanceof Error;
  const place = thrown ? /\bexec_main\.mjs:\d+:\d+/.exec(error.stack ?? '')?.[0] : undefined;
  const what = thrown ? `${error.name}: ${error.message}` : shown(error);
  const known = call ?? place;
  const where = known === undefined ? '' : ` (${known.slice(0, MAX_LENGTH)})`;
  return `A promise was rejected and nothing handled it in time: ${what.slice(0, MAX_LENGTH)}${where}`;
}

/** A number of millions of digits would take seconds to write down. */
function shown(value: unknown): string {
  return typeof value === 'bigint' ? 'a bigint' : String(value);
}
