import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, spawnHost } from '../../../host/client/spawn-host.ts';
import { MessageReader } from '../../../host/wire/framing.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

const BIN = new URL('../../../bin/codex-code-mode-host.js', import.meta.url).pathname;
const HELLO = {
  type: 'connection/hello',
  supportedVersions: [1],
  requiredCapabilities: [],
  optionalCapabilities: [],
};

function start(...args: string[]): ChildProcess & { stdin: NonNullable<ChildProcess['stdin']> } {
  const flags = ['--disable-warning=ExperimentalWarning', BIN];
  const child = spawn(process.execPath, [...flags, '--log-level', 'silent', ...args]);
  child.stdin.on('error', () => {});
  return child as never;
}

function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  return text.toString().trim();
}

describe('cellhost serve', () => {
  it('ends with 0 when its client closes the stream between two messages', async () => {
    const child = start('--listen', 'stdio://');
    child.stdin.end(frame(HELLO));
    assert.equal(await exitOf(child), 0);
  });

  it('ends with 1 and says why when the stream is cut in a message', async () => {
    const child = start();
    let words = '';
    child.stderr?.on('data', (text) => {
      words += text;
    });
    child.stdin.end(Buffer.concat([frame(HELLO), Buffer.from([9, 0, 0, 0, 123])]));
    assert.equal(await exitOf(child), 1);
    assert.match(words, /^cellhost: \S/);
  });

  it('refuses by name what it does not serve', async () => {
    const child = start('--listen', 'wss://127.0.0.1:0');
    let words = '';
    child.stderr?.on('data', (text) => {
      words += text;
    });
    assert.equal(await exitOf(child), 2);
    assert.match(words, /wss/);
  });

  it('answers everybody and ends with 0 at SIGTERM', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cellhost-serve-'));
    const path = join(folder, 'host.sock');
    const child = start('--listen', `unix:${path}`);
    const url = await firstLine(child);
    assert.equal(url, `unix:${path}`);
    assert.equal((await stat(path)).mode & 0o077, 0);
    const client = await connect(url);
    const delegate = new ScriptedDelegate();
    const session = await client.openSession({
      delegate,
      tools: [{ name: 'never', description: 'never' }],
    });
    const { first } = await session.execute({ source: `text('a'); await tools.never()` });
    await delegate.saw('1 tool-1 started');
    const exit = exitOf(child);
    child.kill('SIGTERM');
    assert.equal((await first).type, 'terminated');
    assert.equal(await exit, 0);
    await client.ended;
    await rm(folder, { recursive: true });
  });

  it('serves several clients over TCP, each with sessions of its own', async () => {
    const child = start('--listen', 'tcp:127.0.0.1:0');
    const url = await firstLine(child);
    const clients = await Promise.all([connect(url), connect(url)]);
    const delegate = new ScriptedDelegate();
    const shown = await Promise.all(
      clients.map(async (client, number) => {
        const session = await client.openSession({ delegate });
        const { first } = await session.execute({ source: `text(${number})` });
        return (await first).items;
      }),
    );
    assert.deepEqual(
      shown.map(([item]) => item),
      [
        { type: 'input_text', text: '0' },
        { type: 'input_text', text: '1' },
      ],
    );
    await Promise.all(clients.map((client) => client.close()));
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 0);
  });
});

describe('spawnHost', () => {
  it('says what a host that does not start said', async () => {
    const script = `console.error('no such flag'); process.exit(3)`;
    await assert.rejects(
      spawnHost({ command: [process.execPath, '-e', script] }),
      /^CodeModeError: code-mode host connection closed.*no such flag/s,
    );
  });

  it('names a program that is not there', async () => {
    await assert.rejects(
      spawnHost({ command: ['/no/such/host'] }),
      /failed to spawn code-mode host \/no\/such\/host/,
    );
  });
});

describe('codex-code-mode-host', () => {
  const OPEN = { method: 'session/open', sessionId: 's' };

  it('takes what stands right behind a hello that came before all was loaded', async () => {
    const child = start();
    child.stdin.write(
      Buffer.concat([frame(HELLO), frame({ type: 'operation/request', id: 1, request: OPEN })]),
    );
    assert.deepEqual(await typesOf(child, 2), ['connection/ready', 'operation/response']);
    child.stdin.end();
    assert.equal(await exitOf(child), 0);
  });

  it('answers a hello that comes when all is loaded', async () => {
    const child = start('--log-level', 'info');
    await once(child.stderr!, 'data');
    child.stdin.write(frame(HELLO));
    assert.deepEqual(await typesOf(child, 1), ['connection/ready']);
    child.stdin.end();
    assert.equal(await exitOf(child), 0);
  });

  it('ends with 0 at a signal that comes before the hello', async () => {
    const child = start('--log-level', 'info');
    await once(child.stderr!, 'data');
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 0);
  });

  it('rejects a client of another version, and ends', async () => {
    const child = start();
    child.stdin.write(frame({ ...HELLO, supportedVersions: [7] }));
    assert.deepEqual(await typesOf(child, 1), ['connection/rejected']);
    child.stdin.end();
    assert.equal(await exitOf(child), 0);
  });

  it('ends with 2 and shows its usage for arguments it does not know', async () => {
    const child = start('--mode', 'fast');
    let words = '';
    child.stderr?.on('data', (text) => {
      words += text;
    });
    assert.equal(await exitOf(child), 2);
    assert.match(words, /--mode[\s\S]*Usage: codex-code-mode-host/);
  });
});

/** The types of the first messages a host says. */
async function typesOf(child: ChildProcess, count: number): Promise<string[]> {
  const reader = new MessageReader();
  const types: string[] = [];
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    reader.push(chunk);
    for (let body = reader.next(); body !== null; body = reader.next()) {
      types.push(JSON.parse(body.toString()).type);
    }
    if (types.length >= count) break;
  }
  return types;
}
