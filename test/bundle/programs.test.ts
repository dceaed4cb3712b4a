import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { FrameSplitter, frame } from '../../bench/peers/v1-frames.ts';
import { bundlePrograms } from '../../bundle/programs.ts';
import { FrameReader } from '../../sandbox/process/frame-reader.ts';
import { FrameWriter } from '../../sandbox/process/frames.ts';
import { Down } from '../../sandbox/process/message-kinds.ts';
import { ROOT } from '../support/doc-pages.ts';

/** What a process has loaded when it says something first: files, and parts of Node.js. */
interface Loaded {
  readonly files: readonly string[];
  readonly parts: readonly string[];
}

const REPORTER = join(ROOT, 'test/support/report-loaded.cjs');
/** Parts of Node.js that take long to load, and that a greeting does not need. */
const HEAVY = [
  'fs/promises',
  'crypto',
  'http',
  'http2',
  'https',
  'tls',
  'worker_threads',
  'readline',
  'dgram',
];

describe('The bundled programs', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-programs-'));
  const programs = join(folder, 'dist/programs');
  const bin = (name: string) => join(folder, `bin/${name}.js`);
  const children: ChildProcess[] = [];

  before(async () => {
    for (const name of ['bin', 'package.json']) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    }
    mkdirSync(join(folder, 'dist/sandbox/source'), { recursive: true });
    const globals = 'sandbox/source/web-globals.js';
    cpSync(join(ROOT, globals), join(folder, 'dist', globals));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await bundlePrograms(join(folder, 'dist'));
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  /** Starts a program that reports on a descriptor of its own what it has loaded. */
  function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, ['--require', REPORTER, ...args], {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, XDG_CACHE_HOME: folder, ...env },
    });
    children.push(child);
    return child;
  }

  /**
   * Runs a host that runs a cell, and stops it if it goes on for ever.
   *
   * @param home Where it keeps compiled code.
   * @returns What is kept of hosts.
   */
  async function serve(home: string, source: string, flags: readonly string[] = []) {
    const host = start([...flags, bin('codex-code-mode-host')], { XDG_CACHE_HOME: home });
    const answers = read(host);
    const ask = async (message: object, type: string) => {
      send(host, message);
      for (let of = ''; of !== type; ) {
        const { done, value } = await answers.next();
        assert.equal(done, false);
        of = (value as { type: string }).type;
      }
    };
    await ask(HELLO, 'connection/ready');
    const sessionId = 's';
    const open = { method: 'session/open', sessionId };
    await ask({ type: 'operation/request', id: 1, request: open }, 'operation/response');
    const request = {
      ...{ tool_call_id: null, enabled_tools: [], source },
      ...{ yield_time_ms: 1_000, max_output_tokens: null },
    };
    const execute = { method: 'session/execute', sessionId, request };
    await ask({ type: 'operation/request', id: 2, request: execute }, 'execute/initialResponse');
    const terminate = { method: 'session/terminate', sessionId, cellId: '1' };
    await ask({ type: 'operation/request', id: 3, request: terminate }, 'operation/response');
    host.stdin?.end();
    await once(host, 'exit');
    return readdirSync(home, { recursive: true, encoding: 'utf8' })
      .filter((path) => /code-mode-host(-later)?\.cjs-[0-9a-f]{32}$/.test(path))
      .map((path) => ({ path, written: statSync(join(home, path), { bigint: true }).mtimeNs }));
  }

  it('load four small files before a host has answered a greeting, and no heavy part of Node.js', async () => {
    const host = start([bin('codex-code-mode-host')], { REPORT_AT: 'output' });
    send(host, HELLO);
    const { files, parts } = await reportOf(host);
    const names = ['code-mode-host.cjs', 'codex-code-mode-host.js', 'kept-code.cjs', 'launch.js'];
    assert.deepEqual(files, names);
    assert.deepEqual(
      parts.filter((part) => HEAVY.includes(part) || part === 'child_process'),
      [],
    );
    host.stdin?.end();
    assert.deepEqual(await once(host, 'exit'), [0, null]);
  });

  it('load three files of ours in a sandbox process, and no heavy part of Node.js', async () => {
    const child = start([...PERMISSIONS, join(programs, 'sandbox-process.cjs')], {
      REPORT_AT: 'start',
    });
    const { files, parts } = await reportOf(child);
    const others = [
      'index.js',
      'isolated-vm.abi',
      'isolated-vm.js',
      'node-gyp-build.js',
      'package.json',
    ];
    assert.deepEqual(
      files.map((name) => name.replace(/\.abi\d+.*/, '.abi')),
      [...others, 'kept-code.cjs', 'sandbox-process.cjs', 'sandbox-programs.cjs'].sort(),
    );
    assert.deepEqual(
      parts.filter((part) => HEAVY.includes(part)),
      [],
    );
  });

  it('run programs of a client that greets', async () => {
    const host = start([bin('codex-code-mode-host')]);
    const answers = read(host);
    send(host, HELLO);
    const sessionId = 's';
    const open = { method: 'session/open', sessionId, options: { globals: 'web' } };
    send(host, { type: 'operation/request', id: 1, request: open });
    const request = {
      tool_call_id: null,
      enabled_tools: [],
      source: 'text(new URL("http://a.example/b").pathname)',
      yield_time_ms: 60_000,
      max_output_tokens: null,
    };
    const execute = { method: 'session/execute', sessionId, request };
    send(host, { type: 'operation/request', id: 2, request: execute });
    for await (const message of answers) {
      if (!JSON.stringify(message).includes('"execute/initialResponse"')) continue;
      assert.match(JSON.stringify(message), /"input_text","text":"\/b"/);
      break;
    }
    host.stdin?.end();
  });

  it('run a program with types', async () => {
    const source = 'const name: string = "b"; text(name)';
    const run = start([bin('cellhost'), 'run', '-e', source]);
    assert.equal(await textOf(run), 'b\n');
  });

  it('keep what they have compiled, again only if that was more', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const little = await settled(() => serve(home, 'text(1)'));
    assert.equal(little.length, 2);
    const more = await settled(() => serve(home, 'yield_control(); for (;;);'));
    assert.notDeepEqual(more, little);
    assert.deepEqual(await serve(home, 'text(1)'), more);
  });

  it('keep code that later ones can use, although their heap grows in large steps', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const flags = ['--expose-gc', '--no-flush-bytecode'];
    const collected = [...flags, '--require', join(ROOT, 'test/support/collect-often.cjs')];
    const usual = await settled(() => serve(home, 'text(1)', flags));
    const large = await settled(() => serve(home, 'yield_control(); for (;;);', collected));
    assert.notDeepEqual(large, usual);
    assert.deepEqual(await serve(home, 'text(1)', flags), large);
  });

  it('keep what sandbox processes compile that have time for that, once', async () => {
    const kept = async (home: string, word: readonly string[]) => {
      const args = [...PERMISSIONS, join(programs, 'sandbox-process.cjs'), ...word];
      const child = start(args, { NODE_COMPILE_CACHE: home });
      const pipe = child.stdio[3] as Duplex;
      const writer = new FrameWriter((chunk) => pipe.write(chunk));
      writer.send(Down.Ping, 0, 0, 0);
      const [chunk] = (await once(pipe, 'data')) as [Buffer];
      const [pong] = new FrameReader().push(chunk);
      const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.includes('sandbox-programs'))
        .map((path) => ({ path, written: statSync(join(home, path), { bigint: true }).mtimeNs }));
      return { files, lacksCode: pong?.a };
    };
    const home = mkdtempSync(join(folder, 'home-'));
    assert.deepEqual(await kept(home, []), { files: [], lacksCode: 1 });
    const first = await kept(home, ['rehearse']);
    assert.equal(first.lacksCode, 0);
    const kinds = first.files.map(({ path }) => path.replace(/.*\.cjs-[0-9a-f]{32}/, '')).sort();
    assert.deepEqual(kinds, ['', '-bootstrap', '-settled']);
    assert.deepEqual(await kept(home, ['rehearse']), first);
    assert.deepEqual(await kept(home, []), first);
  });

  it('show programs the same positions in errors as the sources', async () => {
    const source = 'try { as_settled(5) } catch (error) { text(error.stack) }';
    const [bundled, fromSources] = await Promise.all(
      [bin('cellhost'), join(ROOT, 'bin/cellhost.js')].map((path) =>
        textOf(start([path, 'run', '-e', source])),
      ),
    );
    assert.match(bundled ?? '', /at as_settled \(<anonymous>:25:27\)/);
    assert.equal(bundled, fromSources);
  });

  it('print their version and their help', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const name of ['cellhost', 'codex-code-mode-host']) {
      assert.equal(await textOf(start([bin(name), '--version'])), `${version}\n`);
      assert.match(await textOf(start([bin(name), '--help'])), new RegExp(`Usage: ${name}`));
    }
  });

  it('have each module once, so that an error is of one class', () => {
    for (const name of ['cli', 'code-mode-host']) {
      const parts = [`${name}.cjs`, `${name}-later.cjs`];
      const code = parts.map((part) => readFileSync(join(programs, part), 'latin1')).join('');
      assert.equal(code.match(/"?CodeModeError"?;code;constructor/g)?.length, 1);
    }
  });

  it('come with the licences of the packages in them', () => {
    const text = readFileSync(join(programs, 'LICENCES.txt'), 'utf8');
    for (const name of ['abort-controller-x', 'acorn', 'commander', 'p-queue', 'zod']) {
      assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\n\n`, 'm'));
    }
  });
});

const PERMISSIONS = ['--permission', '--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*'];

const HELLO = {
  type: 'connection/hello',
  supportedVersions: [1],
  requiredCapabilities: [],
  optionalCapabilities: ['cellhost.sessions'],
};

function send({ stdin }: ChildProcess, message: object): void {
  stdin?.write(frame(JSON.stringify(message)));
}

/** What the process reports on its fifth descriptor. */
async function reportOf(child: ChildProcess): Promise<Loaded> {
  let text = '';
  for await (const chunk of child.stdio[4] as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.endsWith('\n')) break;
  }
  const { files, parts } = JSON.parse(text) as Loaded;
  return { files: files.map((path) => basename(path)).sort(), parts };
}

async function textOf({ stdin, stdout }: ChildProcess): Promise<string> {
  stdin?.end();
  const chunks = await Array.fromAsync(stdout as AsyncIterable<Buffer>);
  return Buffer.concat(chunks).toString();
}

/** The first answer that comes twice: what processes compile depends a little on when things happen. */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  let last = await ask();
  for (let times = 0; times < 10; times += 1) {
    const next = await ask();
    if (isDeepStrictEqual(next, last)) return next;
    last = next;
  }
  throw new Error('It differs each time');
}

async function* read({ stdout }: ChildProcess): AsyncGenerator<unknown> {
  const splitter = new FrameSplitter();
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    for (const body of splitter.push(chunk)) yield JSON.parse(body.toString());
  }
}
