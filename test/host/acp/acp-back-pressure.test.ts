import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../../bin/cellhost.js', import.meta.url));
const COUNT = 3000;
const LINE = JSON.stringify({ method: 'x', params: 'y'.repeat(10_000) });

/** Reads nothing until SIGUSR2, and speaks meanwhile. Then it counts what it reads. */
const SLOW_AGENT = `
  import { createInterface } from 'node:readline';
  process.once('SIGUSR2', async () => {
    clearInterval(speaking);
    let count = 0;
    for await (const line of createInterface({ input: process.stdin })) count += line.length;
    console.log('read ' + count);
  });
  const speaking = setInterval(() => console.log(process.pid), 5);`;

function startProxy(...script: readonly string[]) {
  return spawn(process.execPath, [LAUNCHER, 'acp', '--', process.execPath, ...script]);
}

describe('The back-pressure of cellhost acp', () => {
  it('drops nothing for a slow editor', async () => {
    const script = `for (let n = 0; n < ${COUNT}; n++) console.log(${JSON.stringify(LINE)})`;
    const child = startProxy('-e', script);
    // Nobody reads for a while; what is buffered then is bounded by the pipes.
    await once(child.stdout, 'readable');
    const lines = (await text(child.stdout)).trimEnd().split('\n');
    assert.equal(lines.length, COUNT);
    assert.ok(lines.every((each) => each === LINE));
  });

  it('drops nothing for a slow agent, reads no more than that takes, and lets it speak', async (t) => {
    const child = startProxy('--input-type=module', '-e', SLOW_AGENT);
    t.after(() => child.kill());
    const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value: pid } = await said.next();
    for (let n = 0; n < COUNT; n += 1) child.stdin.write(`${LINE}\n`);
    for (let heard = 0; heard < 200; heard += 1) assert.equal((await said.next()).value, pid);
    const left = child.stdin.writableLength;
    assert.ok(left > (COUNT * LINE.length) / 2, `${left} bytes are left in this process`);
    process.kill(Number(pid), 'SIGUSR2');
    child.stdin.end();
    const rest = await Array.fromAsync({ [Symbol.asyncIterator]: () => said });
    assert.equal(rest.at(-1), `read ${COUNT * LINE.length}`);
  });
});
