import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { endWithParent } from '../../../sandbox/process/end-with-parent.ts';
import { isAlive, statFields, untilGone } from '../../support/processes.ts';

const SPIN = 'process.send?.(1); for (;;);';

describe('endWithParent', { timeout: 30_000, skip: process.platform !== 'linux' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
  after(() => rmSync(folder, { recursive: true }));

  it('has a process that hears nothing killed when its parent is', async () => {
    const words = endWithParent();
    assert.equal(words.length, 3, 'this system has no util-linux from 2018 or later');
    const script = `
      const [command, ...rest] = JSON.parse(process.argv[1]);
      const child = require('node:child_process').spawn(command, rest, { stdio: 'ignore', detached: true });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const command = [...words, process.execPath, '-e', SPIN];
    const parent = spawn(process.execPath, ['-e', script, JSON.stringify(command)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const usedTicks = () => Number(statFields(pid)[11]);
    while (usedTicks() < 30) await setTimeout(10);
    assert.ok(isAlive(pid));
    parent.kill('SIGKILL');
    await untilGone(pid);
  });

  it('says nothing where no program can do that', () => {
    const [none, other] = ['none', 'other'].map((name) => join(folder, name));
    writeFileSync(other!, 'Usage: setpriv [OPTIONS] PROG [ARGS]');
    assert.deepEqual(endWithParent([none!, other!, folder]), []);
  });

  it('takes the first program that can', () => {
    const [other, one, another] = ['a', 'b', 'c'].map((name) => join(folder, name));
    writeFileSync(other!, 'Usage: setpriv');
    for (const path of [one!, another!]) writeFileSync(path, ' --pdeathsig keep|clear|<signame>');
    assert.deepEqual(endWithParent([other!, one!, another!]), [one, '--pdeathsig', 'KILL']);
  });
});
