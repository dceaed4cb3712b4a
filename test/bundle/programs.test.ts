import assert from 'node:assert/strict';
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MessageWriter } from '../../host/wire/framing.ts';
import { BuiltPrograms, PERMISSIONS, peerOf } from '../support/built-programs.ts';
import { ROOT } from '../support/doc-pages.ts';
import { connectMcp } from '../support/mcp-process.ts';
import { helloOf } from '../support/v1-peer.ts';

/** What a process has loaded when it says something first: files, and parts of Node.js. */
interface Loaded {
  readonly files: readonly string[];
  readonly parts: readonly string[];
}

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
/** Those that a host needs later. */
const NEEDED_LATER = [
  'child_process',
  'perf_hooks',
  'internal/blocklist',
  'internal/util/parse_args/parse_args',
];

describe('The bundled programs', { timeout: 60_000 }, () => {
  const built = new BuiltPrograms();
  const { programs } = built;
  const bin = (name: string) => built.bin(name);
  const start = (args: readonly string[], env?: NodeJS.ProcessEnv) => built.start(args, env);
  before(() => built.build());
  after(() => built.remove());

  it('load four small files before a host has answered a greeting, and no heavy part of Node.js', async () => {
    const host = start([bin('codex-code-mode-host')], { REPORT_AT: 'output' });
    const peer = peerOf(host);
    await peer.hello('cellhost.sessions');
    const { files, parts } = await reportOf(host);
    const names = ['code-mode-host.cjs', 'codex-code-mode-host.js', 'kept-code.cjs', 'launch.js'];
    assert.deepEqual(files, names);
    assert.deepEqual(
      parts.filter((part) => HEAVY.includes(part) || NEEDED_LATER.includes(part)),
      [],
    );
    const exit = once(host, 'exit');
    await peer.close();
    assert.deepEqual(await exit, [0, null]);
  });

  it('load one file more before a host speaks gRPC, and none of another package', async () => {
    const host = start([bin('codex-code-mode-host'), '--listen', 'grpc+stdio://'], {
      REPORT_AT: 'output',
    });
    const { files } = await reportOf(host);
    const names = ['code-mode-host-later.cjs', 'code-mode-host.cjs', 'codex-code-mode-host.js'];
    assert.deepEqual(files, [...names, 'kept-code.cjs', 'launch.js']);
    const exit = once(host, 'exit');
    host.stdin?.end();
    assert.deepEqual(await exit, [0, null]);
  });

  it('load two bundles before an MCP client is answered, and no file of another package', async () => {
    const server = start([bin('cellhost'), 'mcp'], { REPORT_AT: 'output' });
    const child = server as ChildProcessWithoutNullStreams;
    const { client, call } = await connectMcp({ child });
    assert.equal(client.getServerVersion()?.name, 'cellhost');
    const { files } = await reportOf(server);
    const bundles = ['cli-later.cjs', 'cli.cjs'];
    const others = ['kept-code.cjs', 'launch.js', 'package.json'];
    assert.deepEqual(files, ['cellhost.js', ...bundles, ...others]);
    assert.equal((await call('exec', { source: 'text(1 + 1)' })).texts.at(-1), '2');
    const exit = once(server, 'exit');
    await client.close();
    child.stdin.end();
    assert.deepEqual(await exit, [0, null]);
  });

  it('collect no memory before a host has answered a greeting', async () => {
    const host = start(['--trace-gc', bin('codex-code-mode-host')]);
    const { stdin, stdout } = host as ChildProcessWithoutNullStreams;
    const writer = new MessageWriter((chunks) => stdin.write(Buffer.concat(chunks)));
    writer.send(JSON.stringify(helloOf(1)));
    let text = '';
    for await (const chunk of stdout) {
      text += String(chunk);
      if (text.includes('Scavenge')) stdin.end();
    }
    const collected = text.indexOf('Scavenge');
    const answered = text.indexOf('"connection/ready"');
    assert.ok(collected > answered && answered >= 0, text);
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
    const peer = peerOf(host);
    await peer.hello('cellhost.sessions');
    await peer.answer(peer.request('session/open', { options: { globals: 'web' } }));
    const execute = peer.execute('text(new URL("http://a.example/b").pathname)');
    const initial = await peer.initial(execute);
    assert.match(JSON.stringify(initial), /"input_text","text":"\/b"/);
    await peer.close();
  });

  it('run a program with types', async () => {
    const source = 'const name: string = "b"; text(name)';
    const run = start([bin('cellhost'), 'run', '-e', source]);
    assert.equal(await textOf(run), 'b\n');
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

  it('use what our modules in another bundle export without a call of a getter', () => {
    const code = readFileSync(join(programs, 'code-mode-host-later.cjs'), 'latin1');
    const taken = code.match(
      /\{[^{}]*\}=require\("\.\/code-mode-host\.cjs"\)\.modules\["[^"]+\.ts"\]/g,
    );
    assert.ok((taken?.length ?? 0) > 10, `${taken?.length} modules are taken over`);
    assert.doesNotMatch(
      code,
      /exports=require\("\.\/code-mode-host\.cjs"\)\.modules\["[^"]+\.ts"\]/,
    );
  });

  it('come with the licences of the packages in them', () => {
    const text = readFileSync(join(programs, 'LICENCES.txt'), 'utf8');
    for (const name of [
      '@bufbuild/protobuf',
      '@modelcontextprotocol/server',
      'abort-controller-x',
      'acorn',
      'commander',
      'p-queue',
      'zod',
    ]) {
      assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\n\n`, 'm'));
    }
    const notice = text.slice(
      text.indexOf('@bufbuild/protobuf'),
      text.indexOf('@modelcontextprotocol'),
    );
    assert.match(notice, /^Licensed under the Apache License, Version 2\.0/m);
    assert.match(notice, /^Copyright 2008 Google Inc\..*\n\nRedistribution and use/m);
  });
});

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
