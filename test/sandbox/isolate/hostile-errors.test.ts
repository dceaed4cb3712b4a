import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { finishCell, recordedSession, runCell, textsOf } from '../../support/finished-cell.ts';

const MIB = 1 << 20;

/** How a program may end that fails with something hostile: in words, whatever they are. */
const THROWN: Readonly<Record<string, string>> = {
  'a stack that throws': `throw { get stack() { throw 1 } }`,
  'a stack that is no text': `throw { stack: { toString() { throw 1 } }, toString() { return 'shown' } }`,
  'a text that throws': `throw { toString() { throw 1 } }`,
  'an object without a prototype': `throw Object.create(null)`,
  'a symbol': `throw Symbol('s')`,
  'a revoked proxy': `const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy`,
  'a proxy whose traps throw': `throw new Proxy({}, { get() { throw 1 } })`,
  'a proxy of an error': `throw new Proxy(new Error('e'), {})`,
  'a proxy that answers everything with itself': `const p = new Proxy(function () {}, { get: () => p, apply: () => p }); throw p`,
  'a stack of 33 MiB': `const e = new Error('e'); e.stack = 'x'.repeat(${33 * MIB}); throw e`,
  'a text of 33 MiB': `throw 'x'.repeat(${33 * MIB})`,
  'a text of 33 MiB in a timer': `setTimeout(() => { throw 'x'.repeat(${33 * MIB}) }, 0); await new Promise(() => {})`,
  'a stack of 300 MiB': `const e = new Error('e'); e.stack = 'x'.repeat(${300 * MIB}); throw e`,
  'a stack of a million lines': `const e = new Error('e'); e.stack = '    at (<anonymous>)\\n'.repeat(1e6); throw e`,
  'an error whose cause is itself': `const e = new Error('e'); e.cause = e; throw e`,
  'an aggregate of ten thousand errors': `throw new AggregateError(Array.from({ length: 1e4 }, () => new Error('e')))`,
  'the end of the stack': `const f = () => f(); f()`,
  'the end of the stack, in JSON': `const v = { toJSON() { return text(v) } }; text(v)`,
};

/** What a program may reject with where nobody handles it. */
const REJECTIONS: Readonly<Record<string, string>> = {
  'a symbol': `Symbol('s')`,
  nothing: 'undefined',
  'an object': '{ a: 1 }',
  'a function': '() => 1',
  'a revoked proxy': `(({ proxy, revoke }) => (revoke(), proxy))(Proxy.revocable({}, {}))`,
  'a proxy of an error': `new Proxy(new Error('e'), { get() { throw 1 } })`,
  'an error whose message throws': `Object.defineProperty(new Error('e'), 'message', { get() { throw 1 } })`,
  'an error whose name throws': `Object.defineProperty(new Error('e'), 'name', { get() { throw 1 } })`,
  'an error whose name is an object': `Object.defineProperty(new Error('e'), 'name', { value: {} })`,
  'an error whose stack is an object': `Object.defineProperty(new Error('e'), 'stack', { value: {} })`,
  'a text of a million characters': `'x'.repeat(1e6)`,
  'a message of 40 MiB': `new Error('x'.repeat(${40 * MIB}))`,
};

const hangs = (field: string) =>
  `const e = new Error('e'); Object.defineProperty(e, '${field}', { get() { text('looping'); for (;;); } });`;

describe('A program that fails with something hostile', { timeout: 200_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [what, source] of Object.entries(THROWN)) {
    it(`ends in words: ${what}`, async () => {
      const { failure } = await runCell(sandbox, source);
      assert.ok(failure !== null && ['exception', 'memory', 'limit'].includes(failure.kind));
      assert.ok(failure.text.length > 0 && failure.text.length <= 32 * MIB);
    });
  }

  for (const [what, reason] of Object.entries(REJECTIONS)) {
    it(`ends well with a short note, where nobody handles it: ${what}`, async () => {
      const { failure, notes, texts } = await runCell(
        sandbox,
        `Promise.reject(${reason}); await tools.echo(1); text('end')`,
      );
      assert.equal(failure, null);
      assert.deepEqual(texts, ['end']);
      assert.equal(notes.length, 1);
      assert.ok((notes[0]?.length ?? 0) < 700);
    });
  }

  it('ends with a handful of notes where it rejects ten thousand times', async () => {
    const { notes } = await runCell(
      sandbox,
      `for (let n = 0; n < 200; n++) { Promise.reject(n); await tools.echo() }`,
    );
    assert.ok(notes.length > 0 && notes.length <= 16);
  });

  for (const [what, source] of Object.entries({
    'a stack, thrown': `${hangs('stack')} throw e`,
    'a message, rejected': `${hangs('message')} Promise.reject(e); await new Promise(() => {})`,
    'a name, rejected': `${hangs('name')} Promise.reject(e); await new Promise(() => {})`,
    'a text, thrown': `throw { toString() { text('looping'); for (;;); } }`,
    'a JSON value, shown': `text({ toJSON() { text('looping'); for (;;); } })`,
  })) {
    it(`can be terminated while it loops in ${what}`, async () => {
      const { session } = recordedSession(sandbox);
      await using _ = session;
      const { cellId, first } = await session.execute({ source, observe: { yieldAfterMs: 200 } });
      assert.equal((await first).type, 'yielded');
      const other = recordedSession(sandbox);
      await using __ = other.session;
      assert.deepEqual(textsOf((await finishCell(other.session, 'text(1)')).items), ['1']);
      const startedMs = performance.now();
      assert.equal((await session.terminate(cellId)).type, 'terminated');
      assert.ok(performance.now() - startedMs < 500);
    });
  }

  const COSTLY: Readonly<Record<string, string>> = {
    'a number of twenty million bits that nobody handles': `Promise.reject(1n << 20_000_000n)`,
    'a huge name of a missing tool': `throw 'TypeError: tools.' + 'a'.repeat(${30 * MIB}) + ' is not a function'`,
    'a huge name and message that nobody handles': `const s = 'x'.repeat(${40 * MIB});
      const e = new Error(s); e.name = s; Promise.reject(e)`,
  };
  for (const [what, source] of Object.entries(COSTLY)) {
    it(`does not hold up the process with ${what}`, async () => {
      const startedMs = performance.now();
      await runCell(sandbox, source);
      const ms = Math.round(performance.now() - startedMs);
      assert.ok(ms < 3_000, `${ms} ms`);
    });
  }
});
