import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Until freed isolates have released their memory. */
const SETTLE_MS = 300;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Runs `look` after everything collectable was collected. */
export async function settled(look: () => number): Promise<number> {
  collectGarbage();
  await setTimeout(SETTLE_MS);
  collectGarbage();
  return look();
}

/** Resident memory of this process in MiB. */
export function residentMiB(): number {
  return process.memoryUsage.rss() / (1 << 20);
}
