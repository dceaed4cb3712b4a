import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../support/stopping-client.ts', import.meta.url));

describe('A process whose clients have stopped', () => {
  it('exits by itself after a host and a tool server have left, and with a host that does not answer', async () => {
    const args = ['--disable-warning=ExperimentalWarning', PROGRAM];
    const options = { timeout: 30_000, killSignal: 'SIGKILL' } as const;
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    const [errors, late] = JSON.parse(stdout) as [unknown[], string[]];
    assert.deepEqual(errors, []);
    assert.match(late[0]!, /Cannot close session deaf in time: it took more than 50 ms/);
  });
});
