import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServerProcess } from '../../../host/mcp/server-process.ts';

/** Says of each piece that it reads how many lines it has; at the end, what the lines were. */
const COUNTING = `
process.on('SIGTERM', () => {});
let all = '';
process.stdin.setEncoding('utf8').on('data', (piece) => {
  all += piece;
  console.log('piece of ' + (piece.split('\\n').length - 1));
}).on('end', () => console.log(JSON.stringify(all.split('\\n'))));`;

function start() {
  const lines: string[] = [];
  const news = Promise.withResolvers<void>();
  const what = {
    command: process.execPath,
    args: ['-e', COUNTING],
    env: {},
    cwd: undefined,
  };
  const server = new ServerProcess(what, {
    line: (text) => {
      lines.push(text);
      news.resolve();
    },
    stderr: () => {},
  });
  return { server, lines, heard: news.promise };
}

describe('ServerProcess', () => {
  it('writes the lines of one turn at once, and those of the next turn behind them', async () => {
    const { server, lines, heard } = start();
    const sent = Array.from({ length: 200 }, (_, at) => server.send(String(at)));
    await Promise.all(sent);
    await heard;
    assert.deepEqual(lines, ['piece of 200']);
    await server.send('later');
    await server[Symbol.asyncDispose]();
  });

  it('loses nothing of what was written before it is closed in the same turn', async () => {
    const { server, lines, heard } = start();
    await server.send('first');
    await heard;
    const last = server.send('last');
    const closed = server.close();
    await Promise.all([last, closed]);
    assert.equal(lines.at(-1), '["first","last",""]');
  });

  it('resolves what is sent to a process that is gone', async () => {
    const { server } = start();
    await server.close();
    await Promise.all([server.send('a'), server.send('b')]);
  });
});
