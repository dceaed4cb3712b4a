import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import type { CellEvent } from '../../../src/events.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

const MIB = 1 << 20;
const LONG = { yieldAfterMs: 60_000 } as const;

describe('Honest work in a sandbox process, however much', { timeout: 120_000 }, () => {
  const sandbox = processSandbox();
  after(() => sandbox.close());

  it('may be ten thousand tool calls at once', async () => {
    const { session, calls } = recordedSession(sandbox);
    const source = `const all = await Promise.all(Array.from({ length: 10_000 }, (_, n) => tools.echo(n)));
      text(all.reduce((sum, n) => sum + n, 0))`;
    const { failure, items } = await finishCell(session, source);
    assert.deepEqual([failure, textsOf(items)], [null, ['49995000']]);
    assert.equal(calls.length, 10_000);
    await session.close();
  });

  it('may be 100 MB of output that somebody observes', async () => {
    const { session } = recordedSession(sandbox);
    const source = `const s = 'x'.repeat(${MIB}); for (let n = 0; n < 100; n += 1) text(n + s)`;
    const { cellId, first } = await session.execute({ source, observe: LONG });
    const seen: string[] = [];
    const take = ({ items }: Exclude<CellEvent, { type: 'missing' }>) => {
      for (const item of items) if (item.type === 'input_text') seen.push(item.text);
    };
    let event = await first;
    while (event.type !== 'completed') {
      assert.ok(event.type === 'yielded');
      take(event);
      event = await session.observe(cellId, LONG);
    }
    take(event);
    assert.equal(event.failure, null);
    assert.deepEqual(
      seen.map((text) => Number.parseInt(text, 10)),
      Array.from({ length: 100 }, (_, n) => n),
    );
    assert.ok(seen.every((text) => text.length > MIB));
    await session.close();
  });

  it('may be a thousand notifications at once, and as many again after each other', async () => {
    const { session, notifications } = recordedSession(sandbox);
    const source = `for (let n = 0; n < 1000; n += 1) notify('at once ' + n);
      for (let n = 0; n < 1000; n += 1) { notify('later ' + n); await tools.echo(n) }`;
    assert.equal((await finishCell(session, source)).failure, null);
    assert.equal(notifications.length, 2_000);
    await session.close();
  });

  it('may be tool calls of 10 MiB, there and back', async () => {
    const { session } = recordedSession(sandbox);
    const source = `const s = 'x'.repeat(${10 * MIB}); for (let n = 0; n < 4; n += 1) text((await tools.echo(s)).length)`;
    const { failure, items } = await finishCell(session, source);
    assert.deepEqual([failure, textsOf(items)], [null, Array(4).fill(String(10 * MIB))]);
    await session.close();
  });
});
