import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join, resolve } from 'node:path';

// By its name it could not be imported where it is missing, and nobody would hear which Node.js is needed.

/**
 * The `node_modules` folders that must be readable to load these packages and all that they need:
 * where the packages really are, and where links to them are. With npm it is one folder; other
 * package managers give each package a folder of its own.
 *
 * @param names Packages, as the module at `base` imports them.
 * @param base Address or path of that module.
 * @throws If one of them is not installed.
 */
export function moduleFolders(names: readonly string[], base: string): readonly string[] {
  const flat = flatFolder(names, base);
  if (flat !== undefined) return [...new Set([flat, realpathSync(flat)])];
  const folders = new Set<string>();
  const seen = new Set<string>();
  const add = (name: string, from: string) => {
    const found = nodeModule.findPackageJSON(name, from);
    if (found === undefined) throw new Error(`Cannot find the package ${name}`);
    const manifest = realpathSync(found);
    folders.add(folderAround(name, found)).add(folderAround(name, manifest));
    if (seen.has(manifest)) return;
    seen.add(manifest);
    for (const needed of dependenciesIn(manifest)) add(needed, manifest);
  };
  for (const name of names) add(name, base);
  return [...folders];
}

/** The one folder that has them all, not as links, and so everything that they need. */
function flatFolder(names: readonly string[], base: string): string | undefined {
  const [first = ''] = names;
  const manifest = nodeModule.findPackageJSON(first, base);
  if (manifest === undefined) return undefined;
  const folder = folderAround(first, manifest);
  const isThere = (name: string) => {
    const stats = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return stats?.isDirectory() === true;
  };
  return names.every(isThere) ? folder : undefined;
}

/** A scoped name is two folders deep. */
function folderAround(name: string, manifest: string): string {
  return resolve(dirname(manifest), ...name.split('/').map(() => '..'));
}

function dependenciesIn(manifest: string): readonly string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys(dependencies);
}
