import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PeerDied } from '../../../bench/peers/peer.ts';
import { echo } from '../../../bench/peers/tools.ts';
import { V1Client } from '../../../bench/peers/v1-client.ts';
import { FrameSplitter, frame } from '../../../bench/peers/v1-frames.ts';

const HOST = fileURLToPath(new URL('../planted/v1-host.ts', import.meta.url));
const COMMAND = [process.execPath, '--disable-warning=ExperimentalWarning', HOST];

describe('FrameSplitter', () => {
  const messages = ['{}', '"grüße"', JSON.stringify('x'.repeat(1_000)), '1'];
  const bytes = Buffer.concat(messages.map(frame));

  it('reassembles messages, however they are cut', () => {
    for (const size of [1, 2, 3, 5, 7, 64, bytes.length]) {
      const splitter = new FrameSplitter();
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        found.push(...splitter.push(bytes.subarray(at, at + size)).map(String));
      }
      assert.deepEqual(found, messages, `in pieces of ${size}`);
    }
  });
});

describe('V1Client', () => {
  it('runs a cell that calls the tool, and disconnects cleanly', async () => {
    const client = await V1Client.start(COMMAND);
    await client.openSession('s');
    const cell = client.execute('s', 'echo 20', echo);
    assert.equal(await cell.id, '1');
    assert.equal(await cell.text, '20');
    await client.close();
  });

  it('distinguishes cells of two sessions with the same id', async () => {
    const client = await V1Client.start(COMMAND);
    const tool = (factor: number) =>
      ({ kind: 'other', run: async ({ n = 0 }) => ({ n: n * factor }) }) as const;
    const cells = [
      client.execute('s', 'echo 1', tool(10)),
      client.execute('t', 'echo 2', tool(100)),
    ];
    assert.deepEqual(await Promise.all(cells.map(({ id }) => id)), ['1', '1']);
    assert.deepEqual(await Promise.all(cells.map(({ text }) => text)), ['10', '200']);
    await client.close();
  });

  it('notifies the tool when its call is cancelled', async () => {
    const client = await V1Client.start(COMMAND);
    const told = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const cell = client.execute('s', 'echo 1', {
      kind: 'other',
      run(_input, signal) {
        called.resolve();
        signal?.addEventListener('abort', () => told.resolve(), { once: true });
        return told.promise;
      },
    });
    await called.promise;
    await client.terminate('s', await cell.id);
    await told.promise;
    await assert.rejects(cell.text, /did not complete: Terminated/);
    await client.close();
  });

  it('rejects everything when the host ends', async () => {
    const client = await V1Client.start(COMMAND);
    const cell = client.execute('s', 'die', echo);
    await assert.rejects(cell.text, PeerDied);
    await assert.rejects(client.openSession('t'), PeerDied);
  });

  it('rejects if the command does not start, or exits before it is ready', async () => {
    await assert.rejects(V1Client.start(['/nonexistent/command']), PeerDied);
    await assert.rejects(V1Client.start([process.execPath, '-e', '0']), PeerDied);
  });
});
