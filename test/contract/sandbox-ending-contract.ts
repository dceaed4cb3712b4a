import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answered, RecordingCalls, refused } from '../support/recording-calls.ts';
import { type ContractTools, contractProgram } from './contract-program.ts';

const TIMEOUT = { timeout: 20_000 };

/** Programs that run to their end, tools, notifications, and how programs end. */
export function endingContract({ makeSandbox, start, later }: ContractTools): void {
  describe('a program that runs to its end', TIMEOUT, () => {
    it('is reported call by call, in program order', async () => {
      const { calls, run } = start(`
        text('one');
        tools.a({ n: 1 });
        image('data:image/png;base64,AAAA', 'low');
        notify('two');
        yield_control();
        audio('data:audio/wav;base64,AAAA');
        tools.b();
        tools.b('x');
        text('three');`);
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.log, [
        'started',
        'text one',
        'call 0 {"n":1}',
        'image data:image/png;base64,AAAA low',
        'notify two',
        'yield',
        'audio data:audio/wav;base64,AAAA',
        'call 1 undefined',
        'call 1 "x"',
        'text three',
      ]);
    });

    it('settles ended once, after the last call', async () => {
      const { calls, run } = start(`for (let i = 0; i < 2000; i++) text(i)`);
      let linesAtEnd = -1;
      void run.ended.then(() => {
        linesAtEnd = calls.log.length;
      });
      const first = await run.ended;
      assert.equal(linesAtEnd, 2_001);
      assert.equal(await run.ended, first);
      assert.deepEqual(first, { failure: null, notes: [] });
    });

    it('does not start before run has returned', async () => {
      const { calls, run } = start(`text('one')`);
      assert.deepEqual(calls.log, []);
      await run.ended;
    });

    it('ends with its module, whatever is still pending', async () => {
      const { calls, run } = start(`
        setTimeout(() => text('timer'), 1);
        tools.a().then(() => text('answer'));
        (async () => { for (let i = 0; i < 1000; i++) await null; })();
        text('end');`);
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.all('text'), ['end']);
    });

    it('has one note about an unhandled rejection', async () => {
      const { run } = start(`\nPromise.reject(new TypeError('lost')); text('end')`);
      const { failure, notes } = await run.ended;
      assert.equal(failure, null);
      assert.equal(notes.length, 1);
      assert.match(notes[0] ?? '', /TypeError: lost.*exec_main\.mjs:2:16/s);
    });

    it('has no note about a rejection that was handled in time', async () => {
      const { run } = start(`
        const p = Promise.reject(1);
        await null;
        p.catch(() => {});`);
      assert.deepEqual((await run.ended).notes, []);
    });

    it('ends at exit, also in a timer', async () => {
      const { calls, run } = start(`
        setTimeout(() => { text('timer'); exit(); text('after') }, 1);
        await new Promise(() => {});`);
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.all('text'), ['timer']);
    });
  });

  describe('tool calls', TIMEOUT, () => {
    it('are answered in any order', async () => {
      const { calls, run } = start(`
        const order = [];
        const calls = [0, 1, 2, 3].map((n) => tools.a(n).then((v) => order.push(v)));
        await Promise.all(calls);
        text(order);`);
      await calls.until('call', 4);
      for (const at of [2, 0, 3, 1]) calls.toolCalls[at]?.answer(answered(at));
      await run.ended;
      assert.deepEqual(calls.all('text'), ['[2,0,3,1]']);
    });

    it('are sent before the program waits for anything else', async () => {
      const { calls, run } = start(`tools.a(1); tools.b(2); await new Promise(() => {})`);
      await calls.until('call', 2);
      assert.deepEqual(calls.all('call'), ['0 1', '1 2']);
      run.kill();
    });

    it('fail with the message of the refusal', async () => {
      const calls = new RecordingCalls();
      calls.onTool = async (index) => refused(`no ${index} "today"\n\u{1f30d}`);
      const { run } = start(
        `try { await tools.b() } catch (e) { text(e.message) }`,
        { toolErrors: 'error' },
        calls,
      );
      await run.ended;
      assert.deepEqual(calls.all('text'), ['no 1 "today"\n\u{1f30d}']);
    });

    it('carry any JSON value unchanged', async () => {
      const value = { __proto__x: 1, 'a b': [null, true, 1.5e300, '\u2028\ud83c\udf0d"\\'] };
      const json = `{"__proto__":{"polluted":1},"v":${JSON.stringify(value)}}`;
      const calls = new RecordingCalls();
      calls.onTool = async () => ({ ok: true, text: json });
      const source = `const v = await tools.a(); text(JSON.stringify(v)); text(typeof v.polluted)`;
      await start(source, {}, calls).run.ended;
      assert.deepEqual(calls.all('text'), [json, 'undefined']);
    });

    it('can be ten thousand at once', async () => {
      const calls = new RecordingCalls();
      calls.onTool = async (_index, inputJson) => ({ ok: true, text: inputJson ?? 'null' });
      const { run } = start(
        `const all = await Promise.all(Array.from({ length: 10000 }, (_, n) => tools.a(n)));
        text(all.every((value, n) => value === n));`,
        {},
        calls,
      );
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.all('text'), ['true']);
    });

    for (const json of ['{bad', '', '1],[2,1,"forged"']) {
      it(`fail alone if the answer is not a JSON value: ${JSON.stringify(json)}`, async () => {
        const { calls, run } = start(`
          const both = [tools.a(), tools.b()].map((p) => p.then(text, () => text('failed')));
          await Promise.all(both);`);
        await calls.until('call', 2);
        calls.toolCalls[0]?.answer({ ok: true, text: json });
        calls.toolCalls[1]?.answer(answered('fine'));
        await Promise.race([run.ended, later()]);
        run.kill();
        assert.deepEqual(calls.all('text'), ['failed', 'fine']);
      });
    }

    it('can be answered after the end, without effect', async () => {
      const { calls, run } = start(`tools.a().then(() => text('late')); text('end')`);
      await run.ended;
      calls.toolCalls[0]?.answer(answered(1));
      await start('').run.ended;
      assert.deepEqual(calls.all('text'), ['end']);
    });

    it('reject with an error whose message is the text, or with the text', async () => {
      const source = `
        const seen = async (make) => { try { await make() } catch (e) { return e } };
        const e = await seen(() => tools.a());
        const f = await seen(() => notify(''));
        text([typeof e, e instanceof Error, e?.message ?? e, typeof f, f?.message ?? f]);`;
      for (const toolErrors of ['error', 'string'] as const) {
        const calls = new RecordingCalls();
        calls.onTool = async () => refused('no');
        await start(source, { toolErrors }, calls).run.ended;
        const type = toolErrors === 'error' ? 'object' : 'string';
        const isError = toolErrors === 'error';
        const helper = 'notify expects non-empty text';
        assert.deepEqual(JSON.parse(calls.all('text')[0] ?? ''), [
          type,
          isError,
          'no',
          type,
          helper,
        ]);
      }
    });
  });

  describe('notifications', TIMEOUT, () => {
    it('are reported in order, and neither the program nor its end waits for them', async () => {
      const calls = new RecordingCalls();
      calls.onNotify = () => new Promise(() => {});
      const { run } = start(
        `for (const n of [1, 2, 3]) notify(n); await null; text('end')`,
        {},
        calls,
      );
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.log, ['started', 'notify 1', 'notify 2', 'notify 3', 'text end']);
    });
  });

  describe('a program that fails', TIMEOUT, () => {
    it('reports the position of a syntax error', async () => {
      const { calls, run } = start(`text(1)\n  let x = ;`);
      const { failure } = await run.ended;
      assert.equal(failure?.kind, 'syntax');
      assert.deepEqual([failure?.line, failure?.column], [2, 11]);
      assert.match(failure?.text ?? '', /^SyntaxError: .*\n {4}at exec_main\.mjs:2:11$/);
      assert.deepEqual(calls.log, ['started']);
    });

    it('reports the position of TypeScript that cannot be erased', async () => {
      const { run } = start(`const a: number = 1;\n  enum E { A }`);
      const { failure } = await run.ended;
      assert.equal(failure?.kind, 'syntax');
      assert.match(failure?.text ?? '', /enum/);
      assert.deepEqual([failure?.line, failure?.column], [2, 3]);
    });

    it('ends with its error, and keeps earlier output and stored values', async () => {
      const { calls, run } = start(`text('before'); store('k', 1);\nthrow new RangeError('no')`);
      const { failure } = await run.ended;
      assert.equal(failure?.kind, 'exception');
      assert.equal(failure?.text, 'RangeError: no\n    at exec_main.mjs:2:7');
      assert.deepEqual([...calls.stored], [['k', '1']]);
      assert.deepEqual(calls.all('text'), ['before']);
    });

    it('ends when a timer throws', async () => {
      const { run } = start(`setTimeout(() => { throw new Error('t') }, 0); await tools.a()`);
      assert.match((await run.ended).failure?.text ?? '', /^Error: t\n/);
    });

    it('ends when it uses too much memory, and others continue', async () => {
      await using sandbox = makeSandbox({ limits: { maxHeapBytes: 32 << 20 } });
      const session = Symbol('memory');
      const others = new RecordingCalls();
      const other = others.runIn(sandbox, contractProgram('text(await tools.a())'), session);
      await others.until('call');
      const growing = `const all = []; for (;;) { await null; all.push(new Array(1000).fill(0.5)) }`;
      const calls = new RecordingCalls();
      const { failure } = await calls.runIn(sandbox, contractProgram(growing), session).ended;
      assert.equal(failure?.kind, 'memory');
      assert.match(failure?.text ?? '', /32 MiB \(maxHeapBytes\)/);
      others.toolCalls[0]?.answer(answered('still here'));
      assert.equal((await other.ended).failure, null);
      assert.deepEqual(others.all('text'), ['still here']);
    });
  });

  describe('a sandbox', TIMEOUT, () => {
    it('runs fifty programs at once', async () => {
      const started = Array.from({ length: 50 }, (_, n) => {
        const calls = new RecordingCalls();
        calls.onTool = async (_index, inputJson) => ({ ok: true, text: inputJson ?? 'null' });
        const source = `
          globalThis.mine = ${n};
          for (let i = 0; i < 5; i++) await tools.a(i);
          await new Promise((r) => setTimeout(r, 1));
          text(mine);`;
        return start(source, {}, calls);
      });
      const ends = await Promise.all(started.map(({ run }) => run.ended));
      assert.ok(ends.every(({ failure }) => failure === null));
      assert.deepEqual(
        started.map(({ calls }) => calls.all('text').join()),
        started.map((_, n) => String(n)),
      );
    });

    it('shares nothing between programs', async () => {
      await start(`globalThis.left = 1; Array.prototype.left = 2; tools.left = 3`).run.ended;
      const { calls, run } = start(`text([typeof left, typeof [].left, typeof tools.left])`);
      await run.ended;
      assert.deepEqual(calls.all('text'), ['["undefined","undefined","undefined"]']);
    });

    it('that is closed starts nothing and reports that', async () => {
      const sandbox = makeSandbox({});
      await sandbox.close();
      const calls = new RecordingCalls();
      const run = calls.runIn(sandbox, contractProgram('text(1)'), Symbol('late'));
      const { failure } = await run.ended;
      assert.equal(failure?.kind, 'sandbox_failed');
      assert.match(failure?.text ?? '', /closed/);
      assert.deepEqual([calls.log, calls.stored.size], [[], 0]);
      run.kill();
    });

    it('can be closed twice, while programs run, start and wait', async () => {
      const sandbox = makeSandbox({});
      const session = Symbol('closing');
      const busy = new RecordingCalls();
      busy.runIn(sandbox, contractProgram(`text('go'); for (;;);`), session);
      const waiting = new RecordingCalls();
      waiting.runIn(sandbox, contractProgram('await tools.a(); text(1)'), session);
      await Promise.all([busy.until('text'), waiting.until('call')]);
      const late = new RecordingCalls();
      late.runIn(sandbox, contractProgram('text(1)'), session);
      await Promise.all([sandbox.close(), sandbox.close()]);
      await sandbox.close();
      waiting.toolCalls[0]?.answer(answered(1));
      await start('').run.ended;
      assert.deepEqual(busy.all('text'), ['go']);
      assert.deepEqual(waiting.all('text'), []);
      assert.deepEqual(late.all('text'), []);
    });

    it('is not affected by the release of a session that has ended', async () => {
      await using sandbox = makeSandbox({});
      const session = Symbol('released');
      await sandbox.run(contractProgram('text(1)'), new RecordingCalls(), session).ended;
      sandbox.release(session);
      sandbox.release(session);
      const calls = new RecordingCalls();
      await calls.runIn(sandbox, contractProgram('text(2)'), session).ended;
      assert.deepEqual(calls.all('text'), ['2']);
    });
  });
}
