import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { spawnHost } from '../../../host/index.ts';

const ROUND_TRIPS = 60;

describe('A host that was launched', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
  after(() => rmSync(folder, { recursive: true }));

  it('does not search its whole heap between any two large messages', async () => {
    const counter = join(folder, 'count.cjs');
    const counted = join(folder, 'counted');
    writeFileSync(
      counter,
      `const { constants, PerformanceObserver } = require('node:perf_hooks');
      let majors = 0;
      new PerformanceObserver((list) => {
        for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) majors += 1;
      }).observe({ entryTypes: ['gc'] });
      process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(counted)}, String(majors)));`,
    );
    const env = { ...process.env, NODE_OPTIONS: `--require ${counter}` };
    const client = await spawnHost({ env });
    const session = await client.openSession({
      delegate: { invokeTool: async ({ input }) => input, notify: async () => {} },
      tools: [{ name: 'echo', description: '', kind: 'function' }],
    });
    const source = `const s = 'x'.repeat(1 << 20); let n = 0;
      for (let i = 0; i < ${ROUND_TRIPS}; i += 1) n += (await tools.echo(s)).length;
      text(n);`;
    const event = await (await session.execute({ source })).first;
    assert.deepEqual(event.items, [{ type: 'input_text', text: String(ROUND_TRIPS << 20) }]);
    await client.close();
    await client.ended;
    const majors = await untilWritten(counted);
    assert.ok(majors > 0 && majors < ROUND_TRIPS / 6, `${majors} collections`);
  });
});

/** The host writes it as it ends, which its client does not wait for. */
async function untilWritten(path: string): Promise<number> {
  for (;;) {
    try {
      const text = readFileSync(path, 'utf8');
      if (text !== '') return Number(text);
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
