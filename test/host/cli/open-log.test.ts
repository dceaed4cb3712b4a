import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { checkLogLevel, openLog } from '../../../host/cli/open-log.ts';

/** What is written at a level. */
function linesAt(level: string): readonly unknown[] {
  let text = '';
  const output = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      text += chunk;
      done();
    },
  });
  const log = openLog(level, output);
  log.info({ connection: 1, peer: 'stdio' }, 'client connected');
  log.warn({ error: 'line one\nline two \u001b[2J' }, 'connection failed');
  assert.ok(!text.includes('\u001b'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

describe('The log', () => {
  it('has one JSON object a line, with level, time, fields and message', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000 });
    const connected = { connection: 1, peer: 'stdio', msg: 'client connected' };
    const failed = { error: 'line one\nline two \u001b[2J', msg: 'connection failed' };
    const expected = [
      { level: 30, time: 1_000, ...connected },
      { level: 40, time: 1_000, ...failed },
    ];
    assert.deepEqual(linesAt('info'), expected);
    assert.deepEqual(linesAt('trace'), expected);
    assert.deepEqual(linesAt('warn'), expected.slice(1));
  });

  it('is empty if only more important lines are wanted', () => {
    for (const level of ['error', 'fatal', 'silent']) assert.deepEqual(linesAt(level), []);
  });

  it('refuses a level that does not exist and names those that do', () => {
    for (const level of ['loud', '', 'toString', 'INFO']) {
      assert.throws(() => checkLogLevel(level), /choose one of trace, debug, .*, silent$/);
      assert.throws(() => openLog(level, new PassThrough()), /choose one of trace/);
    }
  });
});
