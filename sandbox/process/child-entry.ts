import { existsSync } from 'node:fs';
import { CodeModeError } from '../../src/errors.ts';

/**
 * Where the entry of sandbox processes is.
 *
 * @param here The address of the module beside it; undefined in a CommonJS bundle.
 * @throws `sandbox_failed` if it is not there, because a bundler has moved this module.
 */
export function childEntry(here: string | undefined): URL {
  const extension = here?.endsWith('.ts') ? 'ts' : 'js';
  const entry = here === undefined ? undefined : new URL(`./child.${extension}`, here);
  if (entry !== undefined && existsSync(entry)) return entry;
  const text =
    'Cannot load cellhost from a bundle: sandbox processes need its files; mark cellhost as external, as with --external:cellhost of esbuild';
  throw new CodeModeError('sandbox_failed', text);
}
