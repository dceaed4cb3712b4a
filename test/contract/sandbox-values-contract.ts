import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SandboxLimits } from '../../sandbox/index.ts';
import type { Program } from '../../src/sandbox.ts';
import { answered, RecordingCalls } from '../support/recording-calls.ts';
import { type ContractTools, contractProgram } from './contract-program.ts';

const LIMITS: Partial<SandboxLimits> = {
  maxValueLength: 1_000,
  maxPendingCalls: 4,
  maxPendingNotifications: 2,
  maxTimers: 3,
  maxStoredLength: 100,
  maxStoredKeys: 2,
};

/** Stored values, console, and limits that a program exceeds. */
export function valuesContract({ makeSandbox, start, later }: ContractTools): void {
  async function textsOf(source: string, fields: Partial<Program>): Promise<readonly string[]> {
    const { calls, run } = start(source, fields);
    assert.equal((await run.ended).failure, null);
    return calls.all('text');
  }

  describe('stored values', { timeout: 20_000 }, () => {
    for (const length of [10, 300_000]) {
      const big = 'x'.repeat(length);
      const values = new Map<string, string>([
        ['obj', '{"n":1}'],
        ['big', JSON.stringify(big)],
        ['__proto__', '[1]'],
        ['', 'null'],
      ]);

      it(`are read from the snapshot, ${length} characters long`, async () => {
        const texts = await textsOf(
          `text(load('obj')); text(load('big').length); text(load('__proto__'));
          text(load('')); text(load('no')); text(load('toString'));`,
          { values },
        );
        const want = ['{"n":1}', String(length), '[1]', 'null', 'undefined', 'undefined'];
        assert.deepEqual(texts, want);
      });

      it(`are copies, ${length} characters long`, async () => {
        const texts = await textsOf(
          `load('obj').n = 2; text(load('obj')); const o = { a: [] };
          store('mine', o); o.a.push(1); load('mine').a.push(2); text(load('mine'));`,
          { values },
        );
        assert.deepEqual(texts, ['{"n":1}', '{"a":[]}']);
      });

      it(`are reported when they are written, ${length} characters long`, async () => {
        const { calls, run } = start(
          `load('obj'); store('big', 1); store('new', { a: 1 }); store('new', { a: 2 });
          try { store('obj', undefined) } catch {}`,
          { values },
        );
        await run.ended;
        assert.deepEqual(
          [...calls.stored],
          [
            ['big', '1'],
            ['new', '{"a":2}'],
          ],
        );
        assert.equal(values.get('obj'), '{"n":1}');
      });
    }

    it('are reported before the next action of the program', async () => {
      const calls = new RecordingCalls();
      const told: string[] = [];
      calls.onLine = (line) => told.push(`${line.split(' ')[0]} ${[...calls.stored.keys()]}`);
      calls.onTool = async () => answered(1);
      const source = `store('a', 1); text(1); store('b', 1); await tools.a(); store('c', 1); notify('n');
        store('d', 1); image('data:,'); store('e', 1); yield_control(); store('f', 1);`;
      await start(source, {}, calls).run.ended;
      assert.deepEqual(told, [
        'started ',
        'text a',
        'call a,b',
        'notify a,b,c',
        'image a,b,c,d',
        'yield a,b,c,d,e',
      ]);
      assert.deepEqual([...calls.stored.keys()].join(), 'a,b,c,d,e,f');
    });

    it('are reported while the program waits, and while it spins', async () => {
      const { calls, run } = start(`store('a', 1); await tools.a()`, { hold: true });
      await calls.until('frontier');
      assert.deepEqual([...calls.stored], [['a', '1']]);
      run.kill();
      const spinning = start(`store('b', 1); await new Promise((r) => setTimeout(r)); for (;;);`);
      while (!spinning.calls.stored.has('b')) await later();
      spinning.run.kill();
    });

    it('are throttled if there are floods of them, and the last value of each key is kept', async () => {
      const { calls, run } = start(
        `const s = 'x'.repeat(1 << 20); for (let n = 0; n < 100; n++) store('k', s + n); store('end', 1);`,
      );
      assert.equal((await run.ended).failure, null);
      assert.deepEqual([...calls.stored.keys()], ['k', 'end']);
      assert.ok(calls.stored.get('k')?.endsWith('99"'));
    });

    it('keep all different keys apart', async () => {
      const keys = ['a', 'A', 'a ', '\u0000', '\u2028', '"', 'constructor', 'é', 'e\u0301'];
      const { calls, run } = start(`for (const key of ${JSON.stringify(keys)}) store(key, key)`);
      await run.ended;
      assert.deepEqual(
        [...calls.stored],
        keys.map((key) => [key, JSON.stringify(key)]),
      );
    });
  });

  describe('console', () => {
    it('does not exist unless the program may have it', async () => {
      assert.deepEqual(await textsOf('text(typeof console)', { console: false }), ['undefined']);
    });

    it('writes text output', async () => {
      const source = `
        console.log('a', 1, { b: [2] }, null, undefined);
        console.log();
        for (const name of ['info', 'warn', 'error', 'debug']) console[name](name);`;
      assert.deepEqual(await textsOf(source, { console: true }), [
        'a 1 {"b":[2]} null undefined',
        '',
        'info',
        'warn',
        'error',
        'debug',
      ]);
    });
  });

  describe('web globals', () => {
    const source = `text([typeof URL, typeof structuredClone, typeof crypto])`;

    it('do not exist unless the program may have them', async () => {
      assert.deepEqual(await textsOf(source, {}), ['["undefined","undefined","undefined"]']);
    });

    it('exist if it may', async () => {
      assert.deepEqual(await textsOf(source, { globals: 'web' }), [
        '["function","function","object"]',
      ]);
      const used = `text(new URL('b', 'https://é.example/a').href); text(crypto.randomUUID().length)`;
      assert.deepEqual(await textsOf(used, { globals: 'web' }), [
        'https://xn--9ca.example/b',
        '36',
      ]);
    });
  });

  describe('a limit that a program exceeds', { timeout: 20_000 }, () => {
    const OVER: Readonly<Record<string, readonly [source: string, limit: string]>> = {
      'tool calls': [`for (let n = 0; n < 5; n++) tools.a()`, '4 (maxPendingCalls)'],
      notifications: [`for (let n = 0; n < 3; n++) notify(n)`, '2 (maxPendingNotifications)'],
      timers: [`for (let n = 0; n < 4; n++) setTimeout(() => {}, 1e6)`, '3 (maxTimers)'],
      'the length of a text': [`text('x'.repeat(1001))`, '1000 (maxValueLength)'],
      'the length of a notification': [`notify('x'.repeat(1001))`, '1000 (maxValueLength)'],
      'the length of an argument': [`tools.a('x'.repeat(1000))`, '1000 (maxValueLength)'],
      'the length of an image': [`image('data:' + 'x'.repeat(1000))`, '1000 (maxValueLength)'],
      'the length of stored values': [`store('a', 'x'.repeat(98))`, '100 characters'],
      'the number of stored keys': [`store(1, 1); store(2, 1); store(3, 1)`, '2 keys'],
    };
    for (const [what, [source, limit]] of Object.entries(OVER)) {
      it(`on ${what} fails the one call with its name, and the program continues`, async () => {
        await using sandbox = makeSandbox({ limits: LIMITS });
        const calls = new RecordingCalls();
        const caught = `try { ${source}; text('no error') } catch (e) { text(e.message) } text('on')`;
        const run = calls.runIn(sandbox, contractProgram(caught), Symbol('limits'));
        assert.equal((await run.ended).failure, null);
        const [message = '', on] = calls.all('text').slice(-2);
        assert.ok(message.includes(limit), message);
        assert.equal(on, 'on');
      });
    }

    it('does not affect what is just within it', async () => {
      await using sandbox = makeSandbox({ limits: LIMITS });
      const calls = new RecordingCalls();
      calls.onTool = async () => answered('x'.repeat(998));
      const source = `
        for (let n = 0; n < 3; n++) setTimeout(() => {}, 1e6);
        text('x'.repeat(1000).length); notify('x'.repeat(1000)); notify(2);
        store('a', 'x'.repeat(90)); store('b', 1);
        const all = await Promise.all([1, 2, 3].map(() => tools.a('x'.repeat(998))));
        text(all.map(({ length }) => length));`;
      const run = calls.runIn(sandbox, contractProgram(source), Symbol('limits'));
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.all('text'), ['1000', '[998,998,998]']);
    });

    it('does not count answered calls', async () => {
      await using sandbox = makeSandbox({ limits: LIMITS });
      const calls = new RecordingCalls();
      calls.onTool = async () => answered(1);
      const source = `
        for (let n = 0; n < 20; n++) { await Promise.all([1, 2, 3, 4].map((i) => tools.a(i))); }
        for (let n = 0; n < 20; n++) clearTimeout(setTimeout(() => {}, 1e6));
        for (let n = 0; n < 20; n++) { notify(n); await tools.b(); }`;
      const run = calls.runIn(sandbox, contractProgram(source), Symbol('limits'));
      assert.equal((await run.ended).failure, null);
    });

    it('turns a result that is too long into an error', async () => {
      await using sandbox = makeSandbox({ limits: LIMITS });
      const calls = new RecordingCalls();
      calls.onTool = async () => answered('x'.repeat(999));
      const source = `try { await tools.a() } catch (e) { text(e.message) }`;
      await calls.runIn(sandbox, contractProgram(source), Symbol('limits')).ended;
      assert.match(calls.all('text')[0] ?? '', /1001 characters.*1000 \(maxValueLength\)/);
    });
  });
}
