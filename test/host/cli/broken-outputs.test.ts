import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../../../host/client/spawn-host.ts';
import { ServedHost } from '../../support/served-host.ts';
import { executeRequest, helloOf } from '../../support/v1-peer.ts';
import { framed } from '../transports/bare-peers.ts';
import { temporaryFolder } from '../transports/connections.ts';

const FLAG = '--disable-warning=ExperimentalWarning';
const bin = (name: string) => fileURLToPath(new URL(`../../../bin/${name}.js`, import.meta.url));
const LARGE = `text('x'.repeat(4 << 20))`;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

function start(name: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [FLAG, bin(name), ...args]);
  child.stdin.on('error', () => {});
  return child;
}

/** How a process ends: its exit code and what it wrote to standard error. */
async function endOf(child: Child) {
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  const [code, signal] = await once(child, 'exit');
  if (!child.stderr.destroyed && !child.stderr.readableEnded) await once(child.stderr, 'close');
  return { code: (code ?? signal) as number | string, words };
}

/** A host on standard streams whose client has begun to read an answer, and reads no further. */
async function startUnread(): Promise<Child> {
  const child = start('codex-code-mode-host', '--log-level', 'silent');
  const open = { method: 'session/open', sessionId: 's' };
  const execute = { method: 'session/execute', sessionId: 's', request: executeRequest(LARGE) };
  const requests = [open, execute].map((request, id) => ({
    type: 'operation/request',
    id,
    request,
  }));
  child.stdin.write(Buffer.concat([helloOf(1), ...requests].map(framed)));
  let heard = 0;
  while (heard < 64 << 10) heard += ((await once(child.stdout, 'data'))[0] as Buffer).length;
  child.stdout.pause();
  return child;
}

describe('A host on standard streams', { concurrency: 3 }, () => {
  it('says what is lost and ends with 0 at SIGTERM where its client does not read', async () => {
    const child = await startUnread();
    const end = endOf(child);
    child.kill('SIGTERM');
    const { code, words } = await end;
    assert.match(
      words,
      /^cellhost: Cannot send \d+ bytes to stdio: it did not take them within 5000 ms\n$/,
    );
    assert.equal(code, 0);
  });

  it('says what is lost and ends where its client stops reading and is gone', async () => {
    const child = await startUnread();
    const end = endOf(child);
    child.stdout.destroy();
    child.stdin.destroy();
    const { code, words } = await end;
    assert.match(words, /^cellhost: Lost the connection to stdio: write (EPIPE|ECONNRESET)\n$/);
    assert.equal(code, 1);
  });

  it('serves on where its log has no reader', async () => {
    const child = start('codex-code-mode-host', '--log-level', 'info');
    await once(child.stderr, 'data');
    child.stderr.destroy();
    child.stdin.write(framed(helloOf(1)));
    await once(child.stdout, 'data');
    child.stdin.end(Buffer.of(1));
    assert.deepEqual(await once(child, 'exit'), [1, null]);
  });
});

describe('A host that listens', { concurrency: 2 }, () => {
  it('serves on where its log has no reader', async () => {
    await using host = await ServedHost.start({ logLevel: 'info' });
    host.closeLog();
    for (let n = 0; n < 3; n += 1) {
      const socket = await host.socket();
      socket.write(framed(helloOf(1)));
      await once(socket, 'data');
      socket.end();
      await once(socket.resume(), 'close');
    }
    const { code } = await host.end();
    assert.equal(code, 0);
  });

  it('serves where the line with its address has no reader', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 's');
    const child = start(
      'codex-code-mode-host',
      '--listen',
      `unix:${path}`,
      '--log-level',
      'silent',
    );
    child.stdout.destroy();
    const end = endOf(child);
    while (!existsSync(path)) await new Promise(setImmediate);
    await (await connect(`unix:${path}`)).close();
    child.kill('SIGTERM');
    assert.deepEqual(await end, { code: 0, words: '' });
  });
});

describe('A command whose output has no reader', { concurrency: 3 }, () => {
  const commands = {
    'cellhost run': ['cellhost', 'run', '-e', `text('one'); text('two')`],
    'cellhost --help': ['cellhost', '--help'],
    'codex-code-mode-host --help': ['codex-code-mode-host', '--help'],
    'cellhost serve of nonsense': ['cellhost', 'serve', '--listen', 'nonsense'],
    'codex-code-mode-host of nonsense': ['codex-code-mode-host', '--nonsense'],
  } as const;
  for (const [what, [name, ...args]] of Object.entries(commands)) {
    const isWrong = what.includes('nonsense');

    it(`ends quietly: ${what}`, async () => {
      const child = start(name, ...args);
      child.stdin.end();
      child.stdout.destroy();
      const end = endOf(child);
      if (isWrong) child.stderr.destroy();
      const { code, words } = await end;
      assert.deepEqual([code, words], [isWrong ? 2 : 0, '']);
    });
  }
});
