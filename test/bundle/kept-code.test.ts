import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { ROOT } from '../support/doc-pages.ts';

const LOADER = join(ROOT, 'bundle/kept-code.cjs');
const ID = '0123456789abcdef0123456789abcdef';
/** Code that takes some KiB when it is compiled. */
const LONG = 'JSON.stringify({ a: [1, 2], b: new Map() });'.repeat(50);

describe('KeptCode', { timeout: 60_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), 'cellhost-kept-'));
  let folder = '';
  let kept = '';
  const main = () => join(folder, 'main.cjs');
  const files = () => readdirSync(kept).map((name) => join(kept, name));
  const fileOf = (name: string) => files().find((path) => path.includes(name)) ?? '';

  beforeEach(() => {
    folder = mkdtempSync(join(home, 'case-'));
    kept = join(folder, 'kept');
    mkdirSync(kept);
    const call = `exports.call = () => { ${LONG} return 'called'; };`;
    const more = `exports.more = () => { ${LONG} return 'more'; };`;
    bundle('main', `${call} ${more} exports.other = () => require('./other.cjs');`);
    bundle('other', "exports.main = require('./main.cjs'); exports.os = require('node:os');");
  });
  after(() => rmSync(home, { recursive: true }));

  function bundle(name: string, code: string, id: string | null = ID) {
    const parameters = 'exports, require, module, __filename, __dirname';
    const text = `${id === null ? '' : `/*${id}*/ `}(function (${parameters}) { ${code} })`;
    writeFileSync(join(folder, `${name}.cjs`), text);
  }

  /** What a process prints that has loaded the bundle as `main`, by `kept`. */
  function run(body: string, place: string | null = kept): unknown {
    const script = `
      const { KeptCode } = require(${JSON.stringify(LOADER)});
      const kept = new KeptCode(${JSON.stringify(place)});
      const main = kept.load(${JSON.stringify(main())});
      console.log(JSON.stringify((() => { ${body} })()));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script]);
    assert.equal(stderr.toString(), '');
    return JSON.parse(stdout.toString());
  }

  it('loads a bundle, and those beside it, once each', () => {
    const body = `
      const { main: same, os } = main.other();
      return [main.call(), same === main, kept.load(${JSON.stringify(main())}) === main, typeof os.cpus];`;
    assert.deepEqual(run(body), ['called', true, true, 'function']);
  });

  it('keeps the functions that were called in any of the processes', () => {
    const sizeAfter = (body: string) => {
      run(`${body} kept.keep(); return 0`);
      return statSync(fileOf('main')).size;
    };
    const none = sizeAfter('');
    const one = sizeAfter('main.call();');
    const both = sizeAfter('main.more();');
    assert.ok(one > none);
    assert.ok(both > one);
    assert.equal(sizeAfter('main.call();'), both);
    rmSync(fileOf('main'));
    assert.ok(sizeAfter('main.more();') < both);
  });

  it('finds what another process kept', () => {
    assert.equal(run('return kept.lacks'), true);
    assert.equal(run('main.call(); kept.keep(); return main.call()'), 'called');
    assert.equal(run('return kept.lacks'), false);
    assert.equal(run('return main.call()'), 'called');
  });

  it('does not write again what is kept', () => {
    run('main.call(); kept.keep(); return 0');
    const before = statSync(fileOf('main')).mtimeMs;
    run('main.call(); kept.keep(); kept.keep(); return 0');
    run('kept.keep(); return 0');
    assert.equal(statSync(fileOf('main')).mtimeMs, before);
  });

  it('lacks the code of a bundle that is loaded later', () => {
    run('kept.keep(); return 0');
    assert.equal(run('main.other(); return kept.lacks'), true);
    run('main.other(); kept.keep(); return 0');
    assert.equal(run('main.other(); return kept.lacks'), false);
  });

  it('reads a bundle ahead of its use, with the code that is kept', () => {
    run('main.other(); kept.keep(); return 0');
    const path = JSON.stringify(join(folder, 'other.cjs'));
    const gone = `
      const { rmSync } = require('node:fs');
      kept.readAhead(${path});
      rmSync(${path}); rmSync(${JSON.stringify(kept)}, { recursive: true });`;
    assert.deepEqual(run(`${gone} return [typeof main.other().os.cpus, kept.lacks]`), [
      'function',
      false,
    ]);
  });

  it('keeps code for the user alone, and leaves nothing unfinished', () => {
    run('main.other(); kept.keep(); return 0');
    assert.equal(files().length, 2);
    for (const path of files()) assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('takes no code of other contents', () => {
    run('kept.keep(); return 0');
    bundle(
      'main',
      "exports.call = () => 'other!'; exports.other = () => require('./other.cjs');",
      'f'.repeat(32),
    );
    assert.deepEqual(run('return [kept.lacks, main.call()]'), [true, 'other!']);
  });

  it('takes no code in which a byte has changed, or that was cut', () => {
    run('main.call(); kept.keep(); return 0');
    const whole = readFileSync(fileOf('main'));
    for (const at of [0, 5, 40, Math.floor(whole.length / 3), whole.length - 1]) {
      const broken = Buffer.from(whole);
      broken[at]! ^= 1;
      writeFileSync(fileOf('main'), broken);
      assert.deepEqual(run('return [kept.lacks, main.call()]'), [true, 'called']);
    }
    for (const length of [0, 1, 2, 8, whole.length / 2, whole.length - 8]) {
      writeFileSync(fileOf('main'), whole.subarray(0, length));
      assert.deepEqual(run('return [kept.lacks, main.call()]'), [true, 'called']);
    }
  });

  it('keeps nothing without a folder, or of a bundle whose contents have no name', () => {
    assert.equal(run('kept.keep(); return kept.lacks', null), false);
    bundle('main', "exports.call = () => 'plain';", null);
    assert.deepEqual(run('kept.keep(); return [kept.lacks, main.call()]'), [false, 'plain']);
    assert.deepEqual(files(), []);
  });

  it('keeps scripts beside the first bundle, with their code', () => {
    run("kept.keepScript('a', 'täxt', Buffer.from('code')); return 0");
    const look = `
      const { text, code } = kept.script('a');
      return [text, code.toString(), kept.script('b') === undefined];`;
    assert.deepEqual(run(look), ['täxt', 'code', true]);
    for (const cut of ['', 'aa', 'täxt']) {
      writeFileSync(fileOf('-a'), cut);
      assert.equal(run("return kept.script('a') === undefined"), true);
    }
    run("kept.keepScript('a', 'täxt', Buffer.from('code')); return 0");
    bundle('main', 'exports.call = 1;', 'f'.repeat(32));
    assert.equal(run("return kept.script('a') === undefined"), true);
    assert.equal(
      run("kept.keepScript('a', '', Buffer.alloc(1)); return typeof kept.script('a')", null),
      'undefined',
    );
  });

  it('goes on if it cannot write', () => {
    rmSync(kept, { recursive: true });
    assert.deepEqual(run('kept.keep(); return [kept.lacks, main.call()]'), [true, 'called']);
    writeFileSync(kept, '');
    chmodSync(kept, 0o600);
    run("kept.keepScript('a', '', Buffer.alloc(1)); return 0");
    assert.deepEqual(run('kept.keep(); return [kept.lacks, main.call()]'), [true, 'called']);
    rmSync(kept);
  });
});
