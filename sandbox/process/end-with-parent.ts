import { readFileSync } from 'node:fs';

/** Where systems keep it. It is not looked for elsewhere, because what it starts is what contains programs. */
const PLACES = ['/usr/bin/setpriv', '/bin/setpriv'];
/** In util-linux since 2.33; other programs of that name do not have it. */
const OPTION = '--pdeathsig';

/** Tells a sandbox process that the system ends it with its host. */
export const ENDS_WITH_HOST = 'ends-with-host';

/**
 * Words before a command that have the system kill it when the thread that started it ends, whatever
 * it does then, and even if that thread was killed.
 *
 * @returns Empty where no program can do that, such as on systems other than Linux.
 */
export function endWithParent(places: readonly string[] = PLACES): readonly string[] {
  if (process.platform !== 'linux') return [];
  const place = places.find(hasOption);
  return place === undefined ? [] : [place, OPTION, 'KILL'];
}

function hasOption(place: string): boolean {
  try {
    return readFileSync(place).includes(OPTION);
  } catch {
    return false;
  }
}
