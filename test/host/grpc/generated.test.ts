import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('The generated messages', () => {
  it('are what `npm run proto` makes of the service', async () => {
    const into = await mkdtemp(join(tmpdir(), 'proto-'));
    try {
      const bin = join(ROOT, 'node_modules/.bin');
      await promisify(execFile)(join(bin, 'buf'), ['generate', '--output', into], {
        cwd: join(ROOT, 'host/grpc'),
        env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
      });
      const made = await readFile(join(into, 'generated/code-mode.ts'), 'utf8');
      const kept = await readFile(join(ROOT, 'host/grpc/generated/code-mode.ts'), 'utf8');
      assert.ok(made === kept, 'run `npm run proto`');
    } finally {
      await rm(into, { recursive: true });
    }
  });
});
