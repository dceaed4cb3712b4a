import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import type { Sandbox } from '../../../src/sandbox.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

const MIB = 1 << 20;
const RUN_MS = 600;

/** Programs that never stop asking. Each has to end by itself, or to be terminable at once. */
const FLOODS: Readonly<Record<string, string>> = {
  'output of nothing': `for (;;) text('')`,
  'output of one letter': `for (;;) text('a')`,
  'output of a MiB': `const s = 'x'.repeat(${MIB}); for (;;) text(s)`,
  'output and waiting': `for (;;) { text('a'); await null }`,
  images: `for (;;) image('data:,')`,
  notifications: `for (;;) notify('x')`,
  'notifications whose refusal it catches': `for (;;) try { notify('x') } catch {}`,
  'tool calls': `for (;;) tools.echo('x')`,
  'tool calls whose refusal it catches': `for (;;) try { tools.echo('x') } catch {}`,
  'tool calls it waits for': `for (;;) await tools.echo('x')`,
  'tool calls of a MiB': `const s = 'x'.repeat(${MIB}); for (;;) await Promise.all([tools.echo(s), tools.echo(s)])`,
  'tool calls that are never answered, of a MiB': `const s = 'x'.repeat(${MIB}); for (;;) tools.never(s)`,
  timers: `for (;;) setTimeout(() => {}, 0)`,
  'timers it clears': `for (;;) clearTimeout(setTimeout(() => {}, 0))`,
  'timers that set timers': `const tick = () => setTimeout(tick); tick(); await new Promise(() => {})`,
  'stores under one key': `for (;;) store('k', 1)`,
  'stores under one key, of a MiB': `const s = 'x'.repeat(${MIB}); for (;;) store('k', s)`,
  'stores under new keys': `for (let n = 0; ; n++) store('k' + n, n)`,
  yields: `for (;;) yield_control()`,
  'loads of what is not there': `for (;;) load('nothing')`,
  rejections: `for (;;) { Promise.reject(1); await tools.echo() }`,
  'refused imports': `for (;;) try { await import('x') } catch {}`,
  'settled streams': `for (;;) await stream_settled([1, 2], () => {})`,
};

const SANDBOXES: Readonly<Record<string, () => Sandbox>> = {
  'isolates of this process': isolateSandbox,
  'sandbox processes': processSandbox,
};

for (const [where, makeSandbox] of Object.entries(SANDBOXES)) floods(where, makeSandbox);

function floods(where: string, makeSandbox: () => Sandbox): void {
  describe(`A flood, in ${where}`, { timeout: 300_000 }, () => {
    const sandbox = makeSandbox();
    after(() => sandbox.close());

    for (const [what, source] of Object.entries(FLOODS)) {
      it(`of ${what} ends or can be ended, while others are answered and memory stays bounded`, async () => {
        const { session } = recordedSession(sandbox);
        await using _ = session;
        const rss = process.memoryUsage.rss();
        const delay = monitorEventLoopDelay({ resolution: 5 });
        delay.enable();
        const observe = { yieldAfterMs: RUN_MS };
        const { cellId, first } = await session.execute({ source, observe });
        const other = recordedSession(sandbox);
        await using __ = other.session;
        for (let n = 0; n < 3; n += 1) {
          const { items } = await finishCell(other.session, `text(await tools.echo(${n}))`);
          assert.deepEqual(textsOf(items), [String(n)]);
        }
        const event = await first;
        if (event.type === 'completed') {
          assert.match(event.failure?.text ?? 'no failure', /\(max\w+/);
        } else {
          const startedMs = performance.now();
          assert.notEqual((await session.terminate(cellId)).type, 'missing');
          assert.ok(performance.now() - startedMs < 500);
        }
        delay.disable();
        const grownMib = Math.round((process.memoryUsage.rss() - rss) / MIB);
        assert.ok(
          delay.max < 500e6,
          `the process stood still for ${Math.round(delay.max / 1e6)} ms`,
        );
        assert.ok(grownMib < 400, `memory grew by ${grownMib} MiB`);
      });
    }

    it('of output that nobody observes is stopped at a number of items, not only of characters', async () => {
      const { session } = recordedSession(sandbox);
      await using _ = session;
      const source = `for (let n = 0; n < 300000; n++) text(''); text('end')`;
      const { first } = await session.execute({ source, observe: { yieldAfterMs: 3_000 } });
      const event = await first;
      assert.ok(event.items.length < 300_000, `${event.items.length} items were kept`);
    });
  });
}
