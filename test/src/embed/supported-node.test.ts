import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT, read } from '../../support/doc-pages.ts';
import { packPackage } from '../../support/packed-package.ts';

const OLD = '20.20.2';
const PRETEND = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${OLD}' } })`;

/** The files that users import, relative to the folder of the compiled package. */
const ENTRIES = Object.values(
  JSON.parse(read('package.json')).exports as Readonly<Record<string, { default?: string }>>,
).flatMap(({ default: path }) => (path === undefined ? [] : [path.slice('./dist/'.length)]));

/** What Node.js says when it imports a file. */
function saidOn(program: string, path: string, ...flags: readonly string[]): string {
  const code = `import(${JSON.stringify(pathToFileURL(path).href)}).then(() => {}, ({ name, message }) => console.log(name + ': ' + message))`;
  const { stdout } = spawnSync(program, [...flags, '-e', code], { encoding: 'utf8' });
  return stdout.trim();
}

function sentence(version: string): string {
  return `Error: Cannot load cellhost: it needs Node.js 24 or later, and this is ${version}`;
}

/** A Node.js on the PATH that is too old, and its version. */
function findOld(): readonly [program: string, version: string] | undefined {
  const programs = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  const found = [...new Set(programs)].filter((program) => existsSync(program));
  const versions = found.map((program) => {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().slice(1);
    return [program, version] as const;
  });
  return versions.find(([, version]) => Number.parseInt(version, 10) < 24);
}

describe('A Node.js that is too old', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-old-node-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is told so by every entry of the package', () => {
    assert.ok(ENTRIES.length > 5);
    for (const entry of ENTRIES) {
      const source = join(ROOT, entry.replace(/\.js$/, '.ts'));
      const flags = ['--disable-warning=ExperimentalWarning', '--import', PRETEND];
      assert.equal(saidOn(process.execPath, source, ...flags), sentence(OLD), entry);
      assert.equal(saidOn(process.execPath, source), '', entry);
    }
  });

  const old = findOld();
  const skip = old === undefined && 'there is none on the PATH';
  it('is told so by the compiled package, of which it can read every file', { skip }, () => {
    const [program, version] = old!;
    packPackage(folder);
    for (const entry of ENTRIES) {
      const built = join(folder, 'project/dist', entry);
      assert.equal(saidOn(program, built), sentence(version), entry);
    }
  });
});
