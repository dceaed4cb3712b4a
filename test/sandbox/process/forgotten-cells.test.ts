import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { untilGone } from '../../support/processes.ts';

const MODULE = new URL('../../../sandbox/cellhost.ts', import.meta.url);

/** Runs a program that embeds a session and never closes it. @returns What it printed, when it ended by itself. */
async function embed(body: string): Promise<{ printed: string; status: number | null }> {
  const script = `
    const { openSession, processSandbox } = await import(${JSON.stringify(MODULE)});
    const sandbox = processSandbox({ spares: 0 });
    const delegate = { invokeTool: async ({ input }) => console.log(input), async notify() {} };
    const session = openSession({ sandbox, delegate, tools: [{ name: 'count', description: '' }] });
    const run = async (source, yieldAfterMs) => {
      const { cellId, first } = await session.execute({ source, observe: { yieldAfterMs } });
      return { cellId, event: await first };
    };
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { printed: (await text(child.stdout)).trim(), status: await exit };
}

describe('A process that never closes its session', { timeout: 60_000 }, () => {
  it('ends, and its sandbox process with it, although a cell spins', async () => {
    const { printed, status } = await embed(`
      const { event } = await run('for (;;);', 100);
      console.log(event.type, sandbox.pids[0]);`);
    const [type, pid] = printed.split(' ');
    assert.equal(status, 0);
    assert.equal(type, 'yielded');
    await untilGone(Number(pid));
  });

  it('goes on until its sandbox is closed', async () => {
    const { printed, status } = await embed(`
      await run('await new Promise((go) => setTimeout(go, 1e9))', 0);
      await sandbox.close();
      console.log('closed');`);
    assert.deepEqual({ printed, status }, { printed: 'closed', status: 0 });
  });

  it('goes on as long as it waits for a cell', async () => {
    const { printed, status } = await embed(`
      const { event } = await run("const end = Date.now() + 3_000; while (Date.now() < end); text('over')", 60_000);
      console.log(event.items[0].text);`);
    assert.deepEqual({ printed, status }, { printed: 'over', status: 0 });
  });

  it('goes on as long as a cell calls tools', async () => {
    const source =
      'for (const n of [1, 2]) { const end = Date.now() + 300; while (Date.now() < end); await tools.count(n) }';
    const { printed, status } = await embed(`await run(${JSON.stringify(source)}, 0);`);
    assert.deepEqual({ printed, status }, { printed: '1\n2', status: 0 });
  });
});
