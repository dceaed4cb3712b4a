import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ROOT } from './support/doc-pages.ts';
import { packPackage } from './support/packed-package.ts';

/** What the example imports beside this package. */
const PACKAGES = ['zod', '@types', '@standard-schema', 'undici-types'];
const STRICT = '--strict --noEmit --noUncheckedIndexedAccess --exactOptionalPropertyTypes';
const TARGET = '--module nodenext --target es2024 --types node --allowImportingTsExtensions';

describe('The example of an agent', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-packed-'));
  after(() => rmSync(folder, { recursive: true }));

  it('type-checks strictly with the package as it is published', () => {
    const packed = packPackage(folder);
    const [file = ''] = readdirSync(packed);
    const modules = join(folder, 'user/node_modules');
    mkdirSync(join(modules, 'cellhost'), { recursive: true });
    const unpacked = ['-xzf', join(packed, file), '-C', join(modules, 'cellhost')];
    assert.equal(spawnSync('tar', [...unpacked, '--strip-components=1']).status, 0);
    for (const name of PACKAGES) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    const example = readFileSync(join(ROOT, 'examples/agent.ts'), 'utf8');
    const asUsers = example.replace("'../sandbox/cellhost.ts'", "'cellhost'");
    writeFileSync(join(folder, 'user/agent.mts'), asUsers);
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const args = [...STRICT.split(' '), ...TARGET.split(' '), 'agent.mts'];
    const checked = spawnSync(tsc, args, { cwd: join(folder, 'user'), encoding: 'utf8' });
    assert.equal(checked.stdout, '');
    assert.equal(checked.status, 0);
  });
});
