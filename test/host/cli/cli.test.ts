import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { configOf, startCli, startScripted, temporaryFile } from '../../support/cli-run.ts';
import { toolCall } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';

describe('cellhost', () => {
  it('prints its version', async () => {
    const { exitCode, stdout } = startCli(['--version']);
    assert.equal(await exitCode, 0);
    assert.equal(stdout.text(), '1.2.3\n');
  });

  it('explains itself and its commands', async () => {
    const program = startCli(['--help']);
    assert.equal(await program.exitCode, 0);
    assert.match(program.stdout.text(), /run \[options\] \[file\]/);
    const command = startCli(['run', '--help']);
    assert.equal(await command.exitCode, 0);
    for (const option of ['--eval', '--config', '--yield', '--json', '--timeout', '--console']) {
      assert.ok(command.stdout.text().includes(option), option);
    }
    assert.match(command.stdout.text(), /Examples:\n {2}cellhost run -e/);
    assert.match(command.stdout.text(), /Exit codes:\n.*124 {2}--timeout expired\n/s);
    assert.doesNotMatch(command.stdout.text(), /default: false/);
    const serve = startCli(['serve', '--help']);
    assert.equal(await serve.exitCode, 0);
    assert.match(serve.stdout.text(), /--token-file <path> +File with the bearer token/);
    assert.match(serve.stdout.text(), /Exit codes:\n.*143 {2}a second signal/s);
  });

  const refused: readonly (readonly [sentence: string, argv: readonly string[], RegExp])[] = [
    ['no command', [], /Usage: cellhost/],
    ['an unknown command', ['fly'], /unknown command 'fly'/],
    ['an unknown option', ['run', '--fast'], /unknown option '--fast'/],
    ['two files', ['run', 'a.js', 'b.js'], /too many arguments/],
    ['a file beside -e', ['run', 'a.js', '-e', '1'], /a file and -e cannot be used together/],
    ['nothing to run', ['run'], /nothing to run/],
    ['a yield time that is no number', ['run', '-e', '1', '--yield', 'soon'], /whole number/],
    ['a yield time of nothing', ['run', '-e', '1', '--yield', '0'], /from 1 to/],
    ['a timeout no timer can have', ['run', '-e', '1', '--timeout', '2147483648'], /from 1 to/],
    [
      'a file that is not there',
      ['run', '/no/such.js'],
      /^cellhost: Cannot read \/no\/such.js: there is no such file$/m,
    ],
    ['a directory', ['run', tmpdir()], /^cellhost: Cannot read .*: it is a directory$/m],
    [
      'a missing token file',
      ['serve', '--listen', 'ws:127.0.0.1:0', '--token-file', '/no/token'],
      /^cellhost: Cannot read \/no\/token \(--token-file\): there is no such file$/m,
    ],
    [
      'a door for strangers without a token',
      ['serve', '--listen', 'ws:0.0.0.0:0'],
      /non-loopback addresses need a token \(CLI: --token-file; API: token\)$/m,
    ],
    [
      'a log level that does not exist',
      ['serve', '--log-level', 'loud'],
      /^cellhost: Cannot use --log-level loud: choose one of trace, .*silent$/m,
    ],
    ['a missing config', ['run', '-e', '1', '--config', '/no/mcp.json'], /there is no such file/],
  ];
  for (const [sentence, argv, expected] of refused) {
    it(`refuses ${sentence}`, async () => {
      const { exitCode, stdout, stderr } = startCli(argv, {
        openSession: () => assert.fail('a session was opened'),
      });
      assert.equal(await exitCode, 2);
      assert.match(stderr.text(), expected);
      assert.equal(stdout.text(), '');
    });
  }
});

describe('cellhost run', () => {
  it('runs the code of -e, a file, or standard input', async () => {
    const path = await temporaryFile('cell.js', 'from a file');
    const cases: readonly (readonly [string[], string | undefined, string])[] = [
      [['-e', 'from -e'], undefined, 'from -e'],
      [[path], undefined, 'from a file'],
      [['-'], 'from standard input', 'from standard input'],
      [[], 'from standard input', 'from standard input'],
    ];
    for (const [argv, stdin, source] of cases) {
      const session = new ScriptedSession().completes();
      const { exitCode } = startScripted(session, argv, stdin === undefined ? {} : { stdin });
      assert.equal(await exitCode, 0);
      assert.equal(session.requests[0]?.source, source);
      assert.ok(session.isClosed);
    }
  });

  it('hands its options on', async () => {
    const session = new ScriptedSession().completes();
    const argv = ['-e', '1', '--yield', '7', '--timeout', '9', '--console'];
    const { exitCode, needs } = startScripted(session, argv);
    assert.equal(await exitCode, 0);
    const { console, maxRunMs, tools } = await needs;
    assert.deepEqual({ console, maxRunMs, tools }, { console: true, maxRunMs: 9, tools: [] });
    assert.deepEqual(session.modes, [{ yieldAfterMs: 7 }]);
  });

  it('prints output as it comes', async () => {
    const session = new ScriptedSession();
    const { exitCode, stdout } = startScripted(session, ['-e', '1']);
    session.yields('one', 'two');
    await stdout.has('one\ntwo\n');
    session.yields().yields('three');
    await stdout.has('three\n');
    session.completes({ items: [{ type: 'input_text', text: 'four' }] });
    assert.equal(await exitCode, 0);
    assert.deepEqual(stdout.lines(), ['one', 'two', 'three', 'four']);
    assert.deepEqual(session.modes, Array(4).fill({ yieldAfterMs: 100 }));
  });

  it('prints images and audio as a line', async () => {
    const data = Buffer.alloc(12_345).toString('base64');
    const { exitCode, stdout } = startScripted(
      new ScriptedSession().completes({
        items: [
          { type: 'input_image', image_url: `data:image/png;base64,${data}`, detail: 'auto' },
          { type: 'input_image', image_url: 'https://example.test/a.png', detail: 'low' },
          { type: 'input_audio', audio_url: 'data:audio/wav;base64,AAA=' },
        ],
      }),
      ['-e', '1'],
    );
    assert.equal(await exitCode, 0);
    assert.deepEqual(stdout.lines(), [
      '[image image/png, 12 KiB]',
      '[image https://example.test/a.png]',
      '[audio audio/wav, 2 B]',
    ]);
  });

  it('prints notifications and notes on standard error', async () => {
    const session = new ScriptedSession();
    const { exitCode, stdout, stderr, needs } = startScripted(session, ['-e', '1']);
    const { delegate } = await needs;
    const notification = { cellId: '1', callId: null, text: 'half way' };
    await delegate.notify(notification, new AbortController().signal);
    session.completes({ notes: ['a promise was forgotten'] });
    assert.equal(await exitCode, 0);
    assert.deepEqual(stderr.lines(), ['notification: half way', 'note: a promise was forgotten']);
    assert.equal(stdout.text(), '');
  });

  it('prints the error of a failed cell with its position', async () => {
    const failure = { kind: 'syntax', text: 'SyntaxError: Oh no', line: 3, column: 4 } as const;
    const session = new ScriptedSession().completes({ failure });
    const { exitCode, stderr } = startScripted(session, ['-e', '1']);
    assert.equal(await exitCode, 1);
    assert.equal(stderr.text(), '-e:3:4: SyntaxError: Oh no\n');
  });

  it('has an exit code of its own for a cell that took too long', async () => {
    const text = 'The cell timed out after 5 ms (CLI: --timeout; API: maxRunMs)';
    const session = new ScriptedSession().completes({ failure: { kind: 'limit', text } });
    const { exitCode, stderr } = startScripted(session, ['-e', '1', '--timeout', '5']);
    assert.equal(await exitCode, 124);
    assert.equal(stderr.text(), `${text}\n`);
  });

  it('prints JSON lines', async () => {
    const config = await configOf('well');
    const session = new ScriptedSession().yields('one');
    const { exitCode, stdout, stderr, needs } = startScripted(
      session,
      ['-e', '1', '--json', '--config', config],
      { stderrIsTerminal: true },
    );
    const { delegate } = await needs;
    const { signal } = new AbortController();
    await stdout.has('one');
    await delegate.invokeTool(toolCall('mcp__well__echo'), signal);
    await delegate.notify({ cellId: '1', callId: null, text: 'hello' }, signal);
    const failure = { kind: 'exception', text: 'Error: no' } as const;
    session.completes({ failure, notes: ['note'] });
    assert.equal(await exitCode, 1);
    assert.deepEqual(
      stdout.lines().map((line) => JSON.parse(line)),
      [
        { type: 'output', item: { type: 'input_text', text: 'one' } },
        { type: 'tool_call', callId: 'tool-1', tool: 'mcp__well__echo' },
        { type: 'notification', text: 'hello' },
        { type: 'result', outcome: 'failed', failure, notes: ['note'] },
      ],
    );
    assert.doesNotMatch(stderr.text(), /\r/, 'no progress line');
  });

  it('offers the tools of the configured servers and closes them', async () => {
    const session = new ScriptedSession();
    const config = await configOf('well');
    const { exitCode, stderr, needs } = startScripted(session, ['-e', '1', '--config', config]);
    const { tools, delegate } = await needs;
    assert.equal(tools[0]?.name, 'mcp__well__echo');
    const { signal } = new AbortController();
    assert.ok(await delegate.invokeTool(toolCall('mcp__well__echo'), signal));
    assert.equal(descendants().length, 1);
    session.completes();
    assert.equal(await exitCode, 0);
    assert.match(stderr.text(), /^warning: Tool "same_name" of tool server "well" is left out/);
    assert.deepEqual(descendants(), []);
  });

  it('shows what servers write to standard error when asked to', async () => {
    const session = new ScriptedSession();
    const argv = ['-e', '1', '--verbose', '--config', await configOf('well')];
    const { exitCode, stderr, needs } = startScripted(session, argv);
    const { delegate } = await needs;
    const controller = new AbortController();
    const hanging = delegate.invokeTool(toolCall('mcp__well__hang'), controller.signal);
    await stderr.has('[well] hanging\n');
    controller.abort(new Error('enough'));
    await assert.rejects(hanging, { message: 'enough' });
    session.completes();
    assert.equal(await exitCode, 0);
  });

  it('names a config that is not JSON, or is wrong', async () => {
    const broken = await temporaryFile('broken.json', '{"mcpServers": ');
    const wrong = await temporaryFile('wrong.json', '{"mcpServers": {"a": {}}}');
    for (const path of [broken, wrong]) {
      const { exitCode, stderr } = startCli(['run', '-e', '1', '--config', path]);
      assert.equal(await exitCode, 2);
      assert.ok(stderr.text().startsWith(`cellhost: Cannot use ${path}: `), stderr.text());
    }
  });

  it('names a server that does not start, and closes the others', async () => {
    const config = await configOf('well', 'dies-at-start');
    const { exitCode, stderr } = startCli(['run', '-e', '1', '--config', config]);
    assert.equal(await exitCode, 2);
    assert.match(stderr.text(), /^cellhost: Cannot start tool server "dies-at-start": it exited/);
    assert.match(stderr.text(), /the database is not there\n$/);
    assert.deepEqual(descendants(), []);
  });

  it('says so where the session cannot be opened', async () => {
    const openSession = () => {
      throw new Error('no memory');
    };
    const { exitCode, stderr } = startCli(['run', '-e', '1'], { openSession });
    assert.equal(await exitCode, 2);
    assert.equal(stderr.text(), 'cellhost: no memory\n');
  });
});

describe('cellhost run on a terminal', () => {
  it('shows which tool runs, and takes the line away', async () => {
    const session = new ScriptedSession();
    const argv = ['-e', '1', '--config', await configOf('well')];
    const { exitCode, stderr, needs } = startScripted(session, argv, { stderrIsTerminal: true });
    const { delegate } = await needs;
    const controller = new AbortController();
    await delegate.invokeTool(toolCall('mcp__well__echo', {}), controller.signal);
    const hanging = delegate.invokeTool(
      toolCall('mcp__well__hang', {}, 'tool-2'),
      controller.signal,
    );
    const refused = assert.rejects(hanging, { message: /is closed/ });
    await stderr.has('0 s, 1 tool call done, running mcp__well__hang');
    session.completes();
    assert.equal(await exitCode, 0);
    assert.ok(stderr.text().endsWith('\r\u001b[K'), 'the line is gone');
    await refused;
  });
});
