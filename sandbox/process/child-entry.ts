import { existsSync } from 'node:fs';
import { CodeModeError } from '../../src/errors.ts';

/** Where the package has the entry of what a process loads. */
const BUNDLE = '../../programs/sandbox-process.cjs';

/**
 * Where the entry of sandbox processes is.
 *
 * @param here The address of the module beside it; undefined in a CommonJS bundle.
 * @throws `sandbox_failed` if it is not there, because a bundler has moved this module.
 */
export function childEntry(here: string | undefined): URL {
  const names = here?.endsWith('.ts') ? ['child-start.ts'] : [BUNDLE, 'child-start.js'];
  const entries = here === undefined ? [] : names.map((name) => new URL(name, here));
  const entry = entries.find((each) => existsSync(each));
  if (entry !== undefined) return entry;
  const text =
    'Cannot load cellhost from a bundle: sandbox processes need its files; mark cellhost as external, as with --external:cellhost of esbuild';
  throw new CodeModeError('sandbox_failed', text);
}
