import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let isRegistered = false;

/**
 * Collects garbage once more when this process exits.
 *
 * A handle of isolated-vm that V8 collects while Node.js tears the process down, after the addon has
 * cleaned up, aborts the process. So those that are garbage by then go before.
 */
export function collectAtExit(): void {
  if (isRegistered) return;
  isRegistered = true;
  process.once('exit', () => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  });
}
