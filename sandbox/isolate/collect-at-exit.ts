import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let isRegistered = false;

/**
 * Collects garbage once more when this process exits.
 *
 * If V8 collects a handle of isolated-vm while Node.js tears the process down, after the addon has
 * cleaned up, the process aborts. So handles that are garbage are collected before.
 */
export function collectAtExit(): void {
  if (isRegistered) return;
  isRegistered = true;
  process.once('exit', () => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  });
}
