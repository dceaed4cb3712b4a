import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';

const ROOT = dirname(fileURLToPath(new URL('.', import.meta.url)).slice(0, -1));
const FILES = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENSE-MIT.txt', 'license'];

/** The packages in a bundle, in the order of their names. */
export function packagesIn({ inputs }: Pick<Metafile, 'inputs'>): readonly string[] {
  const names = Object.keys(inputs).flatMap((path) => {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
    return name === undefined ? [] : [name];
  });
  return [...new Set(names)].sort();
}

/**
 * The licences of all packages in a bundle, each under the name and version of its package: its file,
 * or what its modules begin with.
 *
 * @throws Error if a package has neither.
 */
export function licencesOf(metafile: Pick<Metafile, 'inputs'>): string {
  const texts = packagesIn(metafile).map((name) => {
    const folder = join(ROOT, 'node_modules', name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const licence = licenceIn(folder) ?? noticesIn(metafile, name);
    if (licence === '') throw new Error(`Cannot find the licence of ${folder}`);
    return `${name} ${version}\n\n${licence.trim()}`;
  });
  return texts.join('\n\n');
}

function licenceIn(folder: string): string | null {
  for (const name of FILES) {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {}
  }
  return null;
}

/** The different comments with which the modules of a package begin. */
function noticesIn({ inputs }: Pick<Metafile, 'inputs'>, name: string): string {
  const paths = Object.keys(inputs).filter((path) => path.startsWith(`node_modules/${name}/`));
  const notices = paths.map((path) => {
    const [comment = ''] = /^(?:\/\/.*\n)+/.exec(readFileSync(join(ROOT, path), 'utf8')) ?? [];
    return comment.replaceAll(/^\/\/ ?/gm, '');
  });
  return [...new Set(notices)].join('\n');
}
