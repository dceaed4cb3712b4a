import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../sandbox/isolate/isolate-sandbox.ts';
import { processSandbox } from '../../sandbox/process/process-sandbox.ts';
import { finishCell, recordedSession, textsOf } from '../support/finished-cell.ts';
import { statFields } from '../support/processes.ts';

const MIB = 1 << 20;
/** A value goes in pieces from this length of its JSON text on, and each piece is half as long. */
const WHOLE = 64 << 10;

/** How often the system gave a process a page of memory. Linux only. */
function pageFaults(pid: number): number {
  return Number(statFields(pid)[7]);
}

for (const [what, make] of [
  ['isolates', isolateSandbox],
  ['processes', processSandbox],
] as const) {
  describe(`Long values of programs in ${what}`, { timeout: 60_000 }, () => {
    const sandbox = make();
    after(() => sandbox.close());

    it('arrive as they were sent, wherever they are divided', async () => {
      const inputs: unknown[] = [];
      const onTool = { keep: (input: unknown) => inputs.push(input) };
      const { session } = recordedSession(sandbox, { onTool });
      const values = [WHOLE - 2, WHOLE - 1, WHOLE, 1.5 * WHOLE - 2, 2 * WHOLE, 5 * WHOLE].flatMap(
        (length) => ['x', '\u00e9', '\ud83d\ude00', '"'].map((unit) => [unit, length] as const),
      );
      const source = `for (const [unit, length] of ${JSON.stringify(values)}) {
          const value = 'a' + unit.repeat(length / unit.length);
          void tools.keep(value);
          if ((await tools.echo({ value })).value !== value) text('differs: ' + unit + length);
        }`;
      const { failure, items } = await finishCell(session, source);
      assert.deepEqual([failure, items], [null, []]);
      const sent = values.map(([unit, length]) => `a${unit.repeat(length / unit.length)}`);
      assert.deepEqual(inputs, sent);
      await session.close();
    });

    it('and short ones arrive in the order of their calls', async () => {
      const lengths: number[] = [];
      const onTool = { keep: (input: unknown) => lengths.push(String(input).length) };
      const { session } = recordedSession(sandbox, { onTool });
      const source = `const lengths = [1, ${MIB}, 2, 3, ${2 * WHOLE}, 4, ${WHOLE + 1}, ${MIB}];
        const settled = [];
        await Promise.all(lengths.map(async (length) => {
          await tools.keep('x'.repeat(length));
          settled.push((await tools.echo('x'.repeat(length))).length);
        }));
        text(settled.sort((a, b) => a - b).join());`;
      const { failure, items } = await finishCell(session, source);
      const wanted = [1, MIB, 2, 3, 2 * WHOLE, 4, WHOLE + 1, MIB];
      assert.deepEqual(
        [failure, textsOf(items)],
        [null, [wanted.toSorted((a, b) => a - b).join()]],
      );
      assert.deepEqual(lengths, wanted);
      await session.close();
    });

    it('cross unseen and unchanged, whatever the program made of arrays and texts', async () => {
      const { session } = recordedSession(sandbox);
      const source = `const seen = [];
        for (const place of ['0', '1', 'length']) {
          if (place !== 'length') Object.defineProperty(Array.prototype, place, { get() { seen.push('get'); }, set(value) { seen.push(value); } });
          Object.defineProperty(Object.prototype, place, { get() { seen.push('get'); }, set(value) { seen.push(value); }, configurable: true });
        }
        String.prototype.slice = () => 'forged';
        String.prototype.concat = () => 'forged';
        const value = 'x'.repeat(${3 * WHOLE});
        const answer = await tools.echo(value);
        delete Object.prototype.length;
        text(String(answer === value) + seen.length);`;
      const { failure, items } = await finishCell(session, source);
      assert.deepEqual([failure, textsOf(items)], [null, ['true0']]);
      await session.close();
    });

    it('may be messages of errors', async () => {
      const onTool = {
        refuse: () => {
          throw new Error(`${'y'.repeat(3 * WHOLE)}end`);
        },
      };
      const { session } = recordedSession(sandbox, { onTool });
      const source = `try { await tools.refuse() } catch (error) {
          const message = String(error.message ?? error);
          text(message.length >= ${3 * WHOLE} && message.endsWith('end'));
        }`;
      const { failure, items } = await finishCell(session, source);
      assert.deepEqual([failure, textsOf(items)], [null, ['true']]);
      await session.close();
    });
  });
}

describe('Long values', { timeout: 60_000, skip: process.platform !== 'linux' }, () => {
  it('take little new memory of their process, call after call', async () => {
    await using sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    const trips = 20;
    const source = `const s = 'x'.repeat(${MIB});
      for (let n = 0; n < ${trips}; n += 1) await tools.echo({ s })`;
    await finishCell(session, source);
    const pid = sandbox.pidOf(session.symbol)!;
    const before = pageFaults(pid);
    assert.equal((await finishCell(session, source)).failure, null);
    const pages = (pageFaults(pid) - before) / trips;
    // Each copy has 256. V8 writes JSON into new memory, and keeps what it reads until it collects that.
    assert.ok(pages < 1_100, `${pages} pages for a call`);
    await session.close();
  });
});
