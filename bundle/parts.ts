import { readFileSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type ImportKind, type Plugin } from 'esbuild';

/** The root of the project. */
export const ROOT = dirname(fileURLToPath(new URL('.', import.meta.url)).slice(0, -1));

/** The name of the address of a bundle in it. CommonJS has none. */
export const ADDRESS = 'bundleAddress';

/**
 * A module finds files by its own address. In a bundle it sees the address at which the compiler puts it.
 *
 * @param folder The folder of the bundle in the package.
 */
export function ownAddresses(folder: string): Plugin {
  return {
    name: 'own-addresses',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\/(?:src|sandbox|host)\/.*\.ts$/ }, ({ path }) => {
        const code = readFileSync(path, 'utf8');
        const compiled = nameOf(path).replace(/\.ts$/, '.js');
        const from = relative(folder, compiled).split(sep).join('/');
        const own = `new URL(${JSON.stringify(from)}, ${ADDRESS}).href`;
        return { contents: code.replaceAll('import.meta.url', own), loader: 'ts' };
      });
    },
  };
}

/**
 * Replaces modules by those of another bundle in the same folder, so that no module exists twice.
 *
 * What our modules export is copied once, when it is first needed. Reached through the other bundle, each
 * use of it would call three functions.
 *
 * @param isThere Whether the other bundle has the module with this name.
 * @param only The kind of imports that are replaced, and what is told of each. Default: all.
 */
export function fromBundle(
  bundle: string,
  isThere: (name: string) => boolean,
  only?: { readonly kind: ImportKind; readonly onFound: (name: string) => void },
): Plugin {
  return {
    name: 'from-bundle',
    setup: ({ onResolve, onLoad, resolve }) => {
      onResolve({ filter: /./, namespace: ELSEWHERE }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /./, namespace: ELSEWHERE }, async ({ path }) => {
        const module = `require('./${bundle}').modules[${JSON.stringify(path)}]()`;
        if (!path.endsWith('.ts')) return { contents: `module.exports = ${module};` };
        const names = (await exportsOf(path)).join(', ');
        return { contents: `export const { ${names} } = ${module};` };
      });
      onResolve({ filter: /./ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (pluginData === ASKED || (only !== undefined && kind !== only.kind)) return undefined;
        const found = await resolve(path, { kind, resolveDir, pluginData: ASKED });
        const name = nameOf(found.path);
        if (found.external || found.errors.length > 0 || !isThere(name)) return found;
        only?.onFound(name);
        return { path: name, namespace: ELSEWHERE };
      });
    },
  };
}

const ELSEWHERE = 'elsewhere';
const ASKED = 'asked by ourselves';

/** The names of what a module of ours exports: constants, functions and classes. */
async function exportsOf(path: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [path],
    outdir: ROOT,
    format: 'esm',
    write: false,
    metafile: true,
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

/** Code that offers modules to another bundle. */
export function offering(names: Iterable<string>): string {
  const entries = [...names].map((name) => {
    const text = JSON.stringify(name);
    return `${text}: () => require(${JSON.stringify(`./${name}`)})`;
  });
  return `exports.modules = { ${entries.join(', ')} };`;
}

/** The path of a module from the root of the project, with slashes. */
function nameOf(path: string): string {
  return relative(ROOT, path).split(sep).join('/');
}
