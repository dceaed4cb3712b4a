import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { ProgressLine } from '../../../host/cli/progress-line.ts';

function setup(t: TestContext, columns = 80) {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const terminal = Object.assign(new PassThrough(), { columns });
  terminal.setEncoding('utf8');
  const written = (): string => terminal.read() ?? '';
  return {
    progress: new ProgressLine(terminal),
    tick: (ms: number) => t.mock.timers.tick(ms),
    written,
  };
}

describe('ProgressLine', () => {
  it('shows nothing at first', (t) => {
    const { progress, tick, written } = setup(t);
    tick(199);
    progress.stop();
    assert.equal(written(), '');
  });

  it('is rewritten five times a second', (t) => {
    const { progress, tick, written } = setup(t);
    tick(1000);
    assert.equal(written().split('\r').length - 1, 5);
    progress.stop();
    tick(1000);
    assert.equal(written(), '\r\u001b[K');
  });

  it('counts seconds and calls', (t) => {
    const { progress, tick, written } = setup(t);
    const lines = () => written().split('\r\u001b[K').at(-1);
    tick(3000);
    assert.equal(lines(), '3 s, 0 tool calls done');
    progress.toolStarted('tool-1', 'a\u001b[31m');
    progress.toolStarted('tool-2', 'b');
    tick(200);
    assert.equal(lines(), '3 s, 0 tool calls done, running a␛[31m and 1 more');
    progress.toolEnded('tool-1');
    tick(200);
    assert.equal(lines(), '3 s, 1 tool call done, running b');
    progress.stop();
  });

  it('makes room for what is written, and comes back', (t) => {
    const { progress, tick, written } = setup(t);
    tick(200);
    written();
    progress.erase();
    progress.erase();
    assert.equal(written(), '\r\u001b[K');
    tick(200);
    assert.equal(written(), '\r\u001b[K0 s, 0 tool calls done');
    progress.stop();
  });

  it('does not fill the last column', (t) => {
    const { progress, tick, written } = setup(t, 10);
    tick(200);
    assert.equal(written(), '\r\u001b[K0 s, 0 to');
    progress.stop();
  });
});
