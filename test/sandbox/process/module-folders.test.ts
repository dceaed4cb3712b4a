import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PACKAGES } from '../../../sandbox/process/engine-start.ts';
import { moduleFolders } from '../../../sandbox/process/module-folders.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'cellhost-modules-')));
after(() => rmSync(root, { recursive: true }));

/** Packages that need each other, by name. */
const NEEDS = { one: ['two', '@scope/three'], two: ['one'], '@scope/three': [] } as const;
type Name = keyof typeof NEEDS;

function install(folder: string, name: Name): void {
  mkdirSync(join(folder, name), { recursive: true });
  const dependencies = Object.fromEntries(NEEDS[name].map((needed) => [needed, '1']));
  writeFileSync(join(folder, name, 'package.json'), JSON.stringify({ name, dependencies }));
}

function link(from: string, to: string): void {
  mkdirSync(dirname(from), { recursive: true });
  symlinkSync(to, from);
}

/** The address of a module of ours in a folder. */
const moduleIn = (folder: string) => pathToFileURL(join(folder, 'ours/dist/module.js')).href;

/** What a module and all that it imports itself import from packages. */
function importedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imports = text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms);
  const later = text.matchAll(/(?<!typeof )import\('([^']+)'\)/g);
  for (const [, from = ''] of [...imports, ...later]) {
    if (from.startsWith('node:')) continue;
    if (!from.startsWith('.')) packages.add(from);
    else for (const name of importedBy(resolve(dirname(file), from), seen)) packages.add(name);
  }
  return packages;
}

describe('moduleFolders', () => {
  it('is one folder where all packages are in one', () => {
    const modules = join(root, 'flat/node_modules');
    for (const name of Object.keys(NEEDS) as Name[]) install(modules, name);
    mkdirSync(join(modules, 'ours'));
    assert.deepEqual(moduleFolders(['one', '@scope/three'], moduleIn(modules)), [modules]);
  });

  it('is also the folder behind a link to that one', () => {
    const modules = join(root, 'flat/node_modules');
    const project = join(root, 'linked-folder');
    link(join(project, 'node_modules'), modules);
    const base = pathToFileURL(join(project, 'module.js')).href;
    const linked = join(project, 'node_modules');
    assert.deepEqual(moduleFolders(['one'], base).toSorted(), [linked, modules].sort());
  });

  it('is every folder with a package or a link to one, where each has a folder of its own', () => {
    const store = join(root, 'store');
    const folderOf = (name: string) => join(store, name.replace('/', '+'), 'node_modules');
    for (const name of Object.keys(NEEDS) as Name[]) {
      install(folderOf(name), name);
      for (const needed of NEEDS[name]) {
        link(join(folderOf(name), needed), join(folderOf(needed), needed));
      }
    }
    const ours = folderOf('ours');
    mkdirSync(join(ours, 'ours'), { recursive: true });
    link(join(ours, 'one'), join(folderOf('one'), 'one'));
    const folders = moduleFolders(['one'], moduleIn(ours));
    assert.deepEqual(folders.toSorted(), [ours, ...Object.keys(NEEDS).map(folderOf)].sort());
  });

  it('fails where a package is missing', () => {
    const base = moduleIn(join(root, 'flat/node_modules'));
    assert.throws(() => moduleFolders(['four'], base), /four/);
  });
});

describe('PACKAGES', () => {
  it('are those that a sandbox process imports', () => {
    const child = fileURLToPath(
      new URL('../../../sandbox/process/child-start.ts', import.meta.url),
    );
    assert.deepEqual([...importedBy(child)].sort(), PACKAGES.toSorted());
  });
});
