import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './doc-pages.ts';

const TSC = join(ROOT, 'node_modules/.bin/tsc');

/** A project that has this package installed, with its declarations as they are published. */
export class ReaderProject implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cellhost-docs-'));
  readonly #project = join(this.#folder, 'project');

  constructor() {
    const installed = join(this.#project, 'node_modules/cellhost');
    mkdirSync(installed, { recursive: true });
    copyFileSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'));
    const outDir = join(installed, 'dist');
    symlinkSync(join(ROOT, 'guest'), join(installed, 'guest'));
    const built = tsc(['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', outDir]);
    assert.equal(built, '');
  }

  /**
   * The compiler's errors for these files, by path.
   *
   * @param options More options of the compiler, and other ones than the usual ones.
   */
  problemsOf(sources: ReadonlyMap<string, string>, options: object = {}): string {
    for (const [path, code] of sources) {
      mkdirSync(dirname(join(this.#project, path)), { recursive: true });
      writeFileSync(join(this.#project, path), code);
    }
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'esnext',
      lib: ['esnext'],
      module: 'nodenext',
      moduleDetection: 'force',
      types: ['node'],
      skipLibCheck: true,
      ...options,
    };
    const config = { compilerOptions, files: [...sources.keys()] };
    writeFileSync(join(this.#project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(this.#project, 'tsconfig.json'), JSON.stringify(config));
    return tsc(['-p', this.#project], this.#project);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Runs the compiler. Returns what it reports, one problem a line; empty if all is well. */
function tsc(args: readonly string[], cwd = ROOT): string {
  const { status, stdout, stderr } = spawnSync(TSC, ['--pretty', 'false', ...args], {
    cwd,
    encoding: 'utf8',
  });
  const said = `${stdout}${stderr}`;
  return status === 0 ? said : said || `the compiler exited with ${status}`;
}
