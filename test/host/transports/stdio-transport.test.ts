import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { streamTransport } from '../../../host/transports/stream-transport.ts';
import { record } from '../../contract/transport-peers.ts';
import { frameOf } from './bare-peers.ts';

const ECHO = fileURLToPath(new URL('stdio-echo.ts', import.meta.url));
const FLAGS = '--disable-warning=ExperimentalWarning';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** How a child ended, in the end: its exit code and its last words. */
async function endOf(child: Child) {
  const [words, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, words: words.trim() };
}

function echo(...args: readonly string[]): Child {
  return spawn(process.execPath, [FLAGS, ECHO, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
}

describe('The standard streams', { concurrency: 4 }, () => {
  it('carry messages, and let the process exit when the parent closes them', async () => {
    const child = echo();
    const transport = streamTransport('child', child.stdout, child.stdin);
    const received = record(transport);
    transport.send('echo');
    await received.count(1);
    await transport.close();
    assert.deepEqual(await endOf(child), { code: 0, words: 'a good end' });
  });

  it('let the process exit when it closes them, although the parent keeps its end open', async () => {
    const child = echo();
    const [end, transport] = [endOf(child), streamTransport('child', child.stdout, child.stdin)];
    const received = record(transport);
    transport.send('close');
    assert.equal(await received.end, null);
    assert.deepEqual(received.texts, ['close']);
    assert.deepEqual(await end, { code: 0, words: 'a good end' });
  });

  it('deliver a lot of data before the end, even over a pipe of a shell', async () => {
    const command = `'${process.execPath}' ${FLAGS} '${ECHO}' | cat`;
    const child = spawn('sh', ['-c', command], { stdio: ['pipe', 'pipe', 'pipe'] });
    const end = endOf(child);
    const transport = streamTransport('child', child.stdout, child.stdin);
    const received = record(transport);
    transport.send('flood');
    assert.equal(await received.end, null);
    assert.equal(received.bodies[0]?.length, 16 << 20);
    assert.deepEqual(await end, { code: 0, words: 'a good end' });
  });

  it('let the process exit cleanly if its output is not read', async () => {
    const child = echo('20');
    const end = endOf(child);
    child.stdin.write(frameOf(Buffer.from('flood')));
    const { code, words } = await end;
    assert.equal(code, 0);
    assert.match(words, /^Cannot send \d+ bytes to stdio: it did not take them within 20 ms$/);
    child.stdout.destroy();
  });

  it('let the process exit cleanly if the reader is gone', async () => {
    const child = echo();
    const end = endOf(child);
    child.stdout.destroy();
    child.stdin.on('error', () => {});
    child.stdin.write(frameOf(Buffer.from('flood')));
    const { code, words } = await end;
    assert.equal(code, 0);
    assert.match(words, /^Lost the connection to stdio: write EPIPE$/);
  });

  it('report what is missing if the parent leaves within a message', async () => {
    const child = echo();
    const end = endOf(child);
    child.stdin.end(frameOf(Buffer.from('flood')).subarray(0, 6));
    const words = 'Cannot read a message: the peer ended after 2 of 5 bytes of a message';
    assert.deepEqual(await end, { code: 0, words });
    child.stdout.destroy();
  });
});

describe('A process with transports of all kinds', () => {
  it('exits when they are closed, and not earlier', async () => {
    const here = JSON.stringify(new URL('connections.ts', import.meta.url).href);
    const memory = new URL('../../../host/transports/memory-transport.ts', import.meta.url).href;
    const script = `
      const { Door, never, temporaryFolder } = await import(${here});
      const { memoryTransports } = await import(${JSON.stringify(memory)});
      using folder = temporaryFolder();
      const pairs = [memoryTransports()];
      for (const where of ['tcp:127.0.0.1:0', 'ws://127.0.0.1:0', 'unix:' + folder.path + '/s']) {
        await using door = await Door.open(where);
        pairs.push(await door.enter({ signal: never }));
      }
      const ends = pairs.flat().map((transport) => new Promise((closed) =>
        transport.start({ message: () => transport.close(), closed })));
      for (const [left] of pairs) left.send('close');
      console.log((await Promise.all(ends)).map(String).join());`;
    const args = [FLAGS, '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
    assert.equal(stdout.trim(), 'null,null,null,null,null,null,null,null');
  });
});
