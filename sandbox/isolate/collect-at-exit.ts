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
    // Loaded here, because the first program of a process does not wait for them.
    const { setFlagsFromString } = process.getBuiltinModule('node:v8');
    const { runInNewContext } = process.getBuiltinModule('node:vm');
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  });
}
