import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CodeModeError } from '../../src/errors.ts';

/** Module versions of Node.js 24 and 26, for which isolated-vm 7 has binaries. */
const ENGINE_ABIS = ['137', '147'];

/**
 * Finds the Node.js binary that runs programs: the given one, the one that the environment variable
 * `CELLHOST_NODE` names, this process's own if it is 26 or 24, or the one of the package `node`, in
 * this order.
 *
 * @throws `sandbox_failed` if there is none.
 */
export function engineNode(nodePath: string | undefined): string {
  const named = nodePath || process.env.CELLHOST_NODE;
  if (named) {
    if (existsSync(named)) return named;
    throw new CodeModeError('sandbox_failed', `Cannot start the engine: there is no file ${named}`);
  }
  if (ENGINE_ABIS.includes(process.versions.modules)) return process.execPath;
  const packaged = packagedNode();
  if (packaged !== null) return packaged;
  throw new CodeModeError(
    'sandbox_failed',
    `Cannot start the engine: it needs Node.js 26 or 24 and this is ${process.version}; install the package "node" or set CELLHOST_NODE`,
  );
}

function packagedNode(): string | null {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const binary = join(
      dirname(manifest),
      'bin',
      process.platform === 'win32' ? 'node.exe' : 'node',
    );
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}
