import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../bin/', import.meta.url));
const NO_SPACE = /^cellhost: Cannot write output: ENOSPC[^\n]*\n$/;

/** Runs a program with its standard output, or its standard error, on a device that is full. */
async function runOnFull(fd: 1 | 2, program: string, args: readonly string[]) {
  const full = openSync('/dev/full', 'w');
  const stdio = ['ignore', fd === 1 ? full : 'pipe', fd === 2 ? full : 'pipe'] as const;
  const child = spawn(process.execPath, [`${BIN}${program}.js`, ...args], { stdio: [...stdio] });
  closeSync(full);
  const other = fd === 1 ? child.stderr : child.stdout;
  const [said, [code]] = await Promise.all([text(other!), once(child, 'close')]);
  return { said, code: code as number };
}

describe('A program whose output is on a full device', {
  skip: process.platform !== 'linux',
}, () => {
  for (const [program, ...args] of [
    ['cellhost', 'run', '-e', 'text(1)'],
    ['cellhost', 'run', '--json', '-e', 'text(1)'],
    ['cellhost', 'run', '-e', 'text("a".repeat(1e6)); yield_control(); for (;;);'],
    ['cellhost', '--version'],
    ['cellhost', '--help'],
    ['cellhost', 'run', '--help'],
    ['cellhost', 'serve', '--listen', 'tcp:127.0.0.1:0'],
    ['codex-code-mode-host', '--version'],
    ['codex-code-mode-host', '--help'],
    ['codex-code-mode-host', '--listen', 'ws:127.0.0.1:0'],
  ] as const) {
    it(`ends with 2 and says why: ${program} ${args.join(' ')}`, async () => {
      const { said, code } = await runOnFull(1, program, args);
      assert.match(said, NO_SPACE);
      assert.equal(code, 2);
    });
  }

  it('ends with 2 although the cell failed as well', async () => {
    const { said, code } = await runOnFull(1, 'cellhost', ['run', '-e', 'text(1); throw 5']);
    assert.match(said, /Cannot write output: ENOSPC/);
    assert.equal(code, 2);
  });

  it('ends as always when it writes nothing', async () => {
    const done = await runOnFull(1, 'cellhost', ['run', '-e', '1']);
    assert.deepEqual(done, { said: '', code: 0 });
    const failed = await runOnFull(1, 'cellhost', ['run', '-e', 'throw 5']);
    assert.deepEqual(failed, { said: '5\n', code: 1 });
  });

  it('ends with 2 when it is its errors that cannot be written', async () => {
    const failed = await runOnFull(2, 'cellhost', ['run', '-e', 'text(1); throw 5']);
    assert.deepEqual(failed, { said: '1\n', code: 2 });
    assert.equal((await runOnFull(2, 'cellhost', ['nonsense'])).code, 2);
  });
});
