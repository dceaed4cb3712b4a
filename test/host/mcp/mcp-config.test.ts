import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseMcpConfig, readMcpConfig } from '../../../host/mcp/mcp-config.ts';

describe('readMcpConfig', () => {
  let directory: string;
  let path: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mcp-config-'));
    path = join(directory, 'mcp.json');
  });
  after(() => rm(directory, { recursive: true }));

  async function failure(content: string): Promise<string> {
    await writeFile(path, content);
    return messageOf(readMcpConfig(path));
  }

  it('reads servers that are processes and servers that are elsewhere', async () => {
    const mcpServers = {
      files: { command: 'server', args: ['.'], env: { A: 'b' }, cwd: '/tmp' },
      web: { url: 'https://example.test/mcp', headers: { authorization: 'Bearer x' } },
    };
    await writeFile(path, JSON.stringify({ mcpServers }));
    assert.deepEqual(await readMcpConfig(path), { mcpServers });
  });

  it('tolerates a byte order mark and fields of other programs', async () => {
    await writeFile(
      path,
      `\ufeff{"inputs":[],"mcpServers":{"a":{"command":"x","autoApprove":["*"],"type":"stdio"}}}`,
    );
    assert.deepEqual(await readMcpConfig(path), { mcpServers: { a: { command: 'x' } } });
  });

  it('names a file that is not there', async () => {
    const missing = join(directory, 'missing.json');
    const message = await messageOf(readMcpConfig(missing));
    assert.equal(message, `Cannot read ${missing}: there is no such file`);
  });

  it('names a directory', async () => {
    const message = await messageOf(readMcpConfig(directory));
    assert.equal(message, `Cannot read ${directory}: it is a directory`);
  });

  it('tells where a file stops being JSON', async () => {
    const message = await failure('{\n "mcpServers": {\n  "x": {"command": "a" "args": []}\n}}');
    assert.ok(message.startsWith(`Cannot use ${path}: it is not JSON: `), message);
    assert.match(message, /line 3 column 24/);
  });

  it('refuses an empty file', async () => {
    assert.match(await failure(''), /it is not JSON: Unexpected end of JSON input/);
  });

  it('refuses a file of more than 1 MiB', async () => {
    const message = await failure(`{"mcpServers":{}}${' '.repeat(1024 * 1024)}`);
    assert.equal(message, `Cannot read ${path}: it is larger than 1 MiB`);
  });

  it('takes a file of exactly 1 MiB', async () => {
    await writeFile(path, '{"mcpServers":{}}'.padEnd(1024 * 1024));
    assert.deepEqual(await readMcpConfig(path), { mcpServers: {} });
  });
});

describe('parseMcpConfig', () => {
  const cases: readonly (readonly [sentence: string, value: unknown, expected: RegExp])[] = [
    ['a value that is no object', [], /^Cannot use it: the whole file: .*object/],
    ['a missing mcpServers', {}, /^Cannot use it: mcpServers: /],
    ['mcpServers that is a list', { mcpServers: [] }, /^Cannot use it: mcpServers: /],
    ['a server that is a text', { mcpServers: { a: 'x' } }, /^Cannot use it: mcpServers\.a: /],
    [
      'a blank server name',
      { mcpServers: { ' ': { command: 'x' } } },
      /^Cannot use it: mcpServers\." ": must not be blank$/,
    ],
    [
      'a server without command and url',
      { mcpServers: { 'my server': {} } },
      /mcpServers\."my server": has neither `command` nor `url`/,
    ],
    [
      'a server with command and url',
      { mcpServers: { a: { command: 'x', url: 'http://x' } } },
      /mcpServers\.a: has both `command` and `url`/,
    ],
    [
      'an empty command',
      { mcpServers: { a: { command: '' } } },
      /mcpServers\.a\.command: must not be empty/,
    ],
    [
      'an argument that is no text',
      { mcpServers: { a: { command: 'x', args: ['b', 3] } } },
      /mcpServers\.a\.args\[1\]: .*string/,
    ],
    [
      'an argument that no process can be given',
      { mcpServers: { a: { command: 'x', args: ['b\0'] } } },
      /mcpServers\.a\.args\[0\]: must not contain a NUL character/,
    ],
    [
      'a variable that is no text',
      { mcpServers: { a: { command: 'x', env: { PORT: 80 } } } },
      /mcpServers\.a\.env\.PORT: .*string/,
    ],
    [
      'a url of another kind',
      { mcpServers: { a: { url: 'file:///x' } } },
      /mcpServers\.a\.url: must be an http: or https: URL/,
    ],
    [
      'a transport we do not speak',
      { mcpServers: { a: { url: 'http://x', type: 'sse' } } },
      /mcpServers\.a\.type: must be "http": only Streamable HTTP is supported/,
    ],
  ];
  for (const [sentence, value, expected] of cases) {
    it(`refuses ${sentence}`, () => {
      assert.throws(() => parseMcpConfig(value, 'it'), {
        code: 'invalid_config',
        message: expected,
      });
    });
  }

  it('takes a configuration without servers', () => {
    assert.deepEqual(parseMcpConfig({ mcpServers: {} }, 'it'), { mcpServers: {} });
  });

  it('is not harmed by a server called __proto__', () => {
    const config = parseMcpConfig(JSON.parse('{"mcpServers":{"__proto__":{"command":"x"}}}'), 'it');
    assert.ok(!('command' in config.mcpServers), 'the prototype was not replaced');
  });
});

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (reason) => reason,
  );
  assert.equal(error.code, 'invalid_config');
  return error.message;
}
