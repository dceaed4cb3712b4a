import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const ENTRY = fileURLToPath(new URL('../../sandbox/cellhost.ts', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'cellhost-bundle-'));
after(() => rm(folder, { recursive: true }));

/** Bundles a program and runs it. @returns What it wrote to its standard error. */
async function runBundled(format: 'esm' | 'cjs', external: readonly string[]): Promise<string> {
  const name = `${format}-${external.length}`;
  const outfile = join(folder, `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  const contents = `import { openSession } from ${JSON.stringify(ENTRY)}; openSession();`;
  await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    platform: 'node',
    format,
    outfile,
    external: [...external],
    logLevel: 'silent',
  });
  const args = ['--disable-warning=ExperimentalWarning', outfile];
  const ran = promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  return ran.then(
    ({ stderr }) => stderr,
    ({ stderr }: { readonly stderr: string }) => stderr,
  );
}

describe('cellhost in a bundle of esbuild', () => {
  for (const format of ['esm', 'cjs'] as const) {
    it(`fails at import with what to do (${format})`, async () => {
      const said = await runBundled(format, []);
      assert.match(said, /Cannot load cellhost from a bundle.*mark cellhost as external/);
    });

    it(`works if it is external (${format})`, async () => {
      assert.equal(await runBundled(format, [ENTRY]), '');
    });
  }
});
