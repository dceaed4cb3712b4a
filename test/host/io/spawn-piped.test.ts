import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { spawnPiped } from '../../../host/io/spawn-piped.ts';

describe('A process with pipes', () => {
  it('survives errors of the process and its streams, before and after its end', async () => {
    const child = spawnPiped('cat', [], {});
    const { stdin, stdout, stderr } = child;
    const emitters = [child, stdin, stdout, stderr];
    for (const emitter of emitters) emitter.emit('error', new Error('early'));
    for (const stream of [stdin, stdout, stderr]) stream.destroy(new Error('broken'));
    await once(child, 'close');
    for (const emitter of emitters) emitter.emit('error', new Error('late'));
    assert.equal(child.exitCode, 0);
  });

  it('has streams that have ended if its command does not exist', async () => {
    const child = spawnPiped('/no/such/command', [], {});
    child.stdin.write('lost');
    const [error] = await once(child, 'error');
    assert.equal(error.code, 'ENOENT');
    await once(child, 'close');
    assert.ok(child.stdin.destroyed);
  });
});
