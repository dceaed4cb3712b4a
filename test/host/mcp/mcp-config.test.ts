import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  parseMcpConfig,
  readMcpConfig,
  readMcpConfigWithPolicies,
} from '../../../host/mcp/mcp-config.ts';

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

  it('takes policies without a server only if that is wanted', async () => {
    const mcpServers = {
      own: { command: 'x', tools: { deny: ['a'] } },
      theirs: { tools: { ask: ['*'] }, autoApprove: [] },
      '*': { tools: { deny: ['b'] } },
      off: { disabled: true, tools: 7 },
    };
    await writeFile(path, JSON.stringify({ mcpServers }));
    const { policies, ...config } = await readMcpConfigWithPolicies(path);
    assert.deepEqual(config, { mcpServers: { own: mcpServers.own } });
    assert.deepEqual([...policies.keys()], ['theirs', '*']);
    assert.deepEqual(policies.get('theirs'), { ask: ['*'] });
    assert.match(await messageOf(readMcpConfig(path)), /mcpServers.theirs: has neither `command`/);
    const refused: Readonly<Record<string, RegExp>> = {
      '{"tools":{"ask":"all"}}': /mcpServers.a.tools.ask: /,
      '{"tools":{"asks":["*"]}}': /mcpServers.a.tools: .*asks/,
      '{"tool":{"ask":["*"]}}': /mcpServers.a: has neither `command` nor `url`/,
    };
    for (const [entry, problem] of Object.entries(refused)) {
      await writeFile(path, `{"mcpServers":{"a":${entry}}}`);
      assert.match(await messageOf(readMcpConfigWithPolicies(path)), problem);
    }
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

  const VARIABLES = { HOME: '/home/ada', TOKEN: 'secret', EMPTY: '', NESTED: '${TOKEN}' };
  const filled: readonly (readonly [sentence: string, entry: object, expected: object])[] = [
    ['a command', { command: '${HOME}/bin/x' }, { command: '/home/ada/bin/x' }],
    [
      'arguments',
      { command: 'x', args: ['--dir=${HOME}/${TOKEN}', '-q'] },
      { command: 'x', args: ['--dir=/home/ada/secret', '-q'] },
    ],
    [
      'the environment',
      { command: 'x', env: { A: '${TOKEN}' } },
      { command: 'x', env: { A: 'secret' } },
    ],
    [
      'a url and headers',
      { url: '${BASE:-https://example.test}/mcp', headers: { authorization: 'Bearer ${TOKEN}' } },
      { url: 'https://example.test/mcp', headers: { authorization: 'Bearer secret' } },
    ],
    [
      'a default for an empty variable, and nothing without a default',
      { command: 'x', args: ['${EMPTY:-a:-b}', '${EMPTY}', '${UNSET:-}'] },
      { command: 'x', args: ['a:-b', '', ''] },
    ],
    [
      'the text itself behind a second dollar',
      { command: 'x', args: ['$${TOKEN}', '$TOKEN', '${1}', '${TOKEN'] },
      { command: 'x', args: ['${TOKEN}', '$TOKEN', '${1}', '${TOKEN'] },
    ],
    [
      'no variables in the value of a variable',
      { command: 'x', args: ['${NESTED}'] },
      { command: 'x', args: ['${TOKEN}'] },
    ],
    ['nothing in a folder', { command: 'x', cwd: '${HOME}' }, { command: 'x', cwd: '${HOME}' }],
    [
      'a start timeout',
      { command: 'x', startTimeoutMs: 500 },
      { command: 'x', startTimeoutMs: 500 },
    ],
    ['a server that is not disabled', { command: 'x', disabled: false }, { command: 'x' }],
  ];
  for (const [sentence, entry, expected] of filled) {
    it(`fills in ${sentence}`, () => {
      const { mcpServers } = parseMcpConfig({ mcpServers: { a: entry } }, 'it', VARIABLES);
      assert.deepEqual(mcpServers.a, expected);
    });
  }

  const unfit: readonly (readonly [sentence: string, entry: object, message: string])[] = [
    [
      'an unset variable in a header',
      { url: 'http://x', headers: { 'X-Key': 'Bearer ${API_KEY}' } },
      'Cannot use it: mcpServers.a.headers.X-Key: the environment variable API_KEY is not set; set it, or write ${API_KEY:-default}',
    ],
    [
      'an unset variable in an argument',
      { command: 'x', args: ['ok', '${NOT_SET}'] },
      'Cannot use it: mcpServers.a.args[1]: the environment variable NOT_SET is not set; set it, or write ${NOT_SET:-default}',
    ],
    [
      'a url that is none when it is filled in, without its value',
      { url: '${TOKEN}' },
      'Cannot use it: mcpServers.a.url: must be an http: or https: URL',
    ],
    [
      'a text that is too long when it is filled in',
      { command: 'x', args: ['${HOME}'.repeat(120_000)] },
      'Cannot use it: mcpServers.a.args[0]: it has more than 1048576 characters when its variables are filled in',
    ],
    [
      'a start timeout of 0',
      { command: 'x', startTimeoutMs: 0 },
      'Cannot use it: mcpServers.a.startTimeoutMs: must be a whole number of milliseconds from 1 to 2147483647',
    ],
    [
      'a start timeout that is no whole number',
      { url: 'http://x', startTimeoutMs: 1.5 },
      'Cannot use it: mcpServers.a.startTimeoutMs: must be a whole number of milliseconds from 1 to 2147483647',
    ],
    [
      'disabled as a text',
      { command: 'x', disabled: 'yes' },
      'Cannot use it: mcpServers.a.disabled: Invalid input: expected boolean, received string',
    ],
  ];
  for (const [sentence, entry, message] of unfit) {
    it(`refuses ${sentence}`, () => {
      const parse = () => parseMcpConfig({ mcpServers: { a: entry } }, 'it', VARIABLES);
      assert.throws(parse, { code: 'invalid_config', message });
    });
  }

  it('leaves out servers that are disabled, whatever else they say', () => {
    const value = {
      mcpServers: { a: { disabled: true, url: '${NOT_SET}' }, b: { command: 'x' } },
    };
    assert.deepEqual(parseMcpConfig(value, 'it', {}), { mcpServers: { b: { command: 'x' } } });
  });

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
