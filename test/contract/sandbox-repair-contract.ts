import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answered, RecordingCalls, refused } from '../support/recording-calls.ts';
import type { ContractTools } from './contract-program.ts';

const TIMEOUT = { timeout: 20_000 };
const STACK = 'catch (e) { text(e.stack); text(e.message) }';

/** What a program is told about its calls, so that its author can repair it. */
export function repairContract({ start }: ContractTools): void {
  function refusing(): RecordingCalls {
    const calls = new RecordingCalls();
    calls.onTool = async () => refused('no such file');
    return calls;
  }

  describe('calls that had no answer when the program ended', TIMEOUT, () => {
    it('are told in a note, with the line that names the tool', async () => {
      const { run } = start(`tools.a(1);\ntools.b(2); tools.b(3); text('end')`);
      assert.deepEqual(await run.ended, {
        failure: null,
        notes: [
          '3 tool calls were cancelled when the program ended: tools.a (line 1), tools.b (2 times, line 2); await them',
        ],
      });
    });

    it('are told of a program that throws, too', async () => {
      const { notes } = await start(`tools.a(); throw new Error('x')`).run.ended;
      assert.deepEqual(notes, [
        '1 tool call was cancelled when the program ended: tools.a (line 1); await it',
      ]);
    });

    it('are not told if they were answered, if the program exits, or as in version 1', async () => {
      assert.deepEqual((await start(`tools.a(); exit()`).run.ended).notes, []);
      const calls = new RecordingCalls();
      calls.onTool = async () => answered(1);
      const all = start(`await Promise.all([tools.a(), tools.b()])`, {}, calls);
      assert.deepEqual((await all.run.ended).notes, []);
      const old = start(`tools.a()`, { toolErrors: 'string' });
      assert.deepEqual((await old.run.ended).notes, []);
    });
  });

  describe('a call that fails', TIMEOUT, () => {
    const PLACES: Readonly<Record<string, readonly [source: string, frames: readonly string[]]>> = {
      'where it is awaited': [
        `try {\n  await tools.a() } ${STACK}`,
        ['(tools.a, exec_main.mjs:2:3)', '    at async exec_main.mjs:2:3'],
      ],
      'in a function': [
        `async function read() { return tools.b() }\ntry { await read() } ${STACK}`,
        ['(tools.b, exec_main.mjs:2:7)', '    at async exec_main.mjs:2:7'],
      ],
      'in a function that waits': [
        `async function read() { return await tools.b() }\ntry { await read() } ${STACK}`,
        [
          '(tools.b, exec_main.mjs:1:32)',
          '    at async read (exec_main.mjs:1:32)',
          '    at async exec_main.mjs:2:7',
        ],
      ],
      'beside others': [
        `try { await Promise.all([tools.b(), tools.a()]) } ${STACK}`,
        [
          '(tools.b, exec_main.mjs:1:7)',
          '    at async Promise.all (index 0)',
          '    at async exec_main.mjs:1:7',
        ],
      ],
      'before it is awaited': [
        `const p = tools.a(); await null;\ntry { await p } ${STACK}`,
        ['(tools.a, exec_main.mjs:2:7)', '    at async exec_main.mjs:2:7'],
      ],
      'where nothing awaits it': [
        `await new Promise((go) => tools.a().catch((e) => { text(e.stack); text(e.message); go() }))`,
        ['(tools.a)'],
      ],
    };
    for (const [what, [source, [first, ...frames]]] of Object.entries(PLACES)) {
      it(`names the tool and its place: ${what}`, async () => {
        const { calls, run } = start(source, {}, refusing());
        assert.equal((await run.ended).failure, null);
        const stack = [`Error: no such file ${first}`, ...frames].join('\n');
        assert.deepEqual(calls.all('text'), [stack, 'no such file']);
      });
    }

    it('says so where it ends the program', async () => {
      const { run } = start(`\nawait tools.a()`, {}, refusing());
      const { failure } = await run.ended;
      assert.equal(failure?.kind, 'exception');
      assert.equal(
        failure?.text,
        'Error: no such file (tools.a, exec_main.mjs:2:1)\n    at async exec_main.mjs:2:1',
      );
    });

    it('says so in the note if nothing handles it', async () => {
      const { run } = start(
        `\nvoid tools.a(); await new Promise((go) => setTimeout(go, 20))`,
        {},
        refusing(),
      );
      assert.deepEqual((await run.ended).notes, [
        'A promise was rejected and nothing handled it in time: Error: no such file (tools.a, line 2)',
      ]);
    });

    it('keeps its turn among the answers that come with it', async () => {
      const { calls, run } = start(
        `const seen = (word) => () => text(word);
        tools.a().then(seen(1)), tools.a().catch(seen(2)), tools.a().then(seen(3));
        tools.a().catch(seen(4)), await tools.a(); text(5)`,
        { hold: true },
      );
      await calls.until('frontier');
      calls.toolCalls.forEach((call, at) => {
        call.answer(at % 2 === 0 ? answered(at) : refused('no'));
      });
      run.release();
      assert.deepEqual(await run.ended, { failure: null, notes: [] });
      assert.deepEqual(calls.all('text'), ['1', '2', '3', '4', '5']);
    });

    it('keeps its text whatever the program did to its promises and errors', async () => {
      for (const spoil of [
        'Promise.prototype.then = null',
        'Object.defineProperty(Promise, Symbol.species, { get() { throw 1 } })',
        'Error.prepareStackTrace = () => { throw 1 }',
        'Error.stackTraceLimit = 0',
        'String.prototype.indexOf = String.prototype.slice = null',
      ]) {
        const source = `${spoil}; try { await tools.a() } catch (e) { text(e.message) }`;
        const { calls, run } = start(source, {}, refusing());
        assert.equal((await run.ended).failure, null, spoil);
        assert.deepEqual(calls.all('text'), ['no such file'], spoil);
      }
    });
  });
}
