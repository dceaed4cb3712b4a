import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { CodeModeError, JsonText } from '../../../src/index.ts';
import { finishCell, recordedSession, runCell, textsOf } from '../../support/finished-cell.ts';
import { HOST_TEXT } from '../../support/host-paths.ts';

const MIB = 1 << 20;

describe('A session that is given something bad', { timeout: 200_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  /** What the program catches, as `name: message`. */
  async function caught(source: string, onTool = {}): Promise<string> {
    const { texts, failure } = await runCell(
      sandbox,
      `try { ${source}; text('no error') } catch (e) { text((e.name + ': ' + e.message).slice(-400)) }`,
      { onTool },
    );
    assert.equal(failure, null);
    return texts.at(-1) ?? '';
  }

  describe('as a source', () => {
    for (const source of ['', ' \n', '// nothing', ';']) {
      it(`runs what says nothing: ${JSON.stringify(source)}`, async () => {
        const { items, failure, notes } = await runCell(sandbox, source);
        assert.deepEqual([items, failure, notes], [[], null, []]);
      });
    }

    it('refuses what is too long, counted in bytes of UTF-8', async () => {
      const { session } = recordedSession(sandbox);
      await using _ = session;
      for (const source of ['x'.repeat(2 * MIB), `//${'é'.repeat(MIB / 2)}`]) {
        await assert.rejects(
          session.execute({ source }),
          (error) =>
            error instanceof CodeModeError &&
            error.code === 'limit_exceeded' &&
            error.message.includes('1048576 bytes (maxSourceBytes)'),
        );
      }
      const fits = `//${'é'.repeat(MIB / 2 - 1)}`;
      assert.equal((await finishCell(session, fits)).failure, null);
    });

    it('refuses what does not parse, and what imports', async () => {
      assert.equal((await runCell(sandbox, 'text(')).failure?.kind, 'syntax');
      const { failure } = await runCell(sandbox, 'import fs from "fs"');
      assert.deepEqual(failure, {
        kind: 'syntax',
        text: 'Unsupported import in exec: fs\nHint: cells have no modules; call a tool',
      });
    });

    it('says that its heap is full where V8 cannot read it in so little', async () => {
      await using small = isolateSandbox({ limits: { maxHeapBytes: 8 * MIB } });
      const source = Array.from({ length: 30_000 }, (_, n) => `(function f${n}(){});`).join('');
      assert.equal((await runCell(small, source)).failure?.kind, 'memory');
    });

    it('ends where the parser knows more letters than the engine', async () => {
      const { texts } = await runCell(sandbox, `let \u{3d000} = 1`);
      assert.deepEqual(texts, []);
    });

    it('takes lone surrogates and null characters', async () => {
      const { texts } = await runCell(sandbox, `text('a\ud800b'.length); text('\u0000'.length)`);
      assert.deepEqual(texts, ['3', '1']);
    });
  });

  describe('by a tool', () => {
    const THROWN: Readonly<Record<string, readonly [thrown: unknown, message: RegExp]>> = {
      undefined: [undefined, /^undefined$/],
      null: [null, /^null$/],
      'a text': ['plain', /^plain$/],
      'an empty text': ['', /^$/],
      'a symbol': [Symbol('s'), /^Symbol\(s\)$/],
      'a large number': [10n ** 30n, /^1000000000000000000000000000000$/],
      'an object': [{ code: 1 }, /^\[object Object\]$/],
      'an object without a prototype': [Object.create(null), /cannot be shown/],
      'an error whose message throws': [
        Object.defineProperty(new Error('x'), 'message', {
          get() {
            throw new Error('no');
          },
        }),
        /cannot be shown/,
      ],
      'an error whose message is no text': [
        Object.defineProperty(new Error('x'), 'message', { value: { a: 1 } }),
        /./,
      ],
      'an error whose message is undefined': [
        Object.defineProperty(new Error('x'), 'message', { value: undefined }),
        /./,
      ],
      'a revoked proxy': [
        (() => {
          const { proxy, revoke } = Proxy.revocable({}, {});
          revoke();
          return proxy;
        })(),
        /cannot be shown/,
      ],
      'an error that names a file of the host': [new Error('in /x/y.ts'), /^in \/x\/y\.ts$/],
    };
    for (const [what, [thrown, message]] of Object.entries(THROWN)) {
      it(`that throws ${what}, tells the program a text`, async () => {
        const odd = () => {
          throw thrown;
        };
        const text = await caught('await tools.odd()', { odd });
        assert.match(text.replace(/^Error: /, ''), message);
        assert.doesNotMatch(text, /no error/);
      });
    }

    it('that throws tells the program nothing of the host in the stack', async () => {
      const { texts } = await runCell(
        sandbox,
        `try { await tools.fail() } catch (e) { text(e.stack); text(Object.getOwnPropertyNames(e)) }`,
      );
      const first = 'Error: tool failed badly (tools.fail, exec_main.mjs:1:7)';
      assert.equal(texts[0]?.split('\n')[0], first);
      assert.doesNotMatch(texts.join(), new RegExp(HOST_TEXT));
    });

    const circular: { self?: unknown } = {};
    circular.self = circular;
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    const RESULTS: Readonly<Record<string, readonly [result: unknown, message: RegExp]>> = {
      'a circle': [circular, /failed to serialize tool response.*circular/is],
      'a large number': [{ n: 1n }, /failed to serialize tool response.*BigInt/s],
      'a function': [() => 1, /failed to serialize tool response: got a function/],
      'a symbol': [Symbol('s'), /failed to serialize tool response: got a symbol/],
      'an object that refuses': [
        {
          toJSON() {
            throw new Error('no JSON');
          },
        },
        /failed to serialize tool response: no JSON/,
      ],
      'an object that is nothing': [{ toJSON() {} }, /failed to serialize tool response/],
      'a value of 33 MiB': ['x'.repeat(33 * MIB), /33554432 \(maxValueLength\)/],
      'what is nested deeply': [deep, /no error|failed to serialize tool response/],
    };
    for (const [what, [result, message]] of Object.entries(RESULTS)) {
      it(`that returns ${what}, makes the call fail in words`, async () => {
        assert.match(await caught('await tools.odd()', { odd: () => result }), message);
      });
    }

    it('that returns undefined, gives null', async () => {
      const { texts } = await runCell(sandbox, `text(await tools.odd())`, {
        onTool: { odd: () => undefined },
      });
      assert.deepEqual(texts, ['null']);
    });

    for (const json of ['{bad', '', '1]', '1],[2,1,"x"', 'undefined', "{'a': 1}", '\u0000']) {
      it(`that returns the malformed JSON text ${JSON.stringify(json)}, makes its call fail alone`, async () => {
        const { texts, failure } = await runCell(
          sandbox,
          `const all = await Promise.allSettled([tools.odd(), tools.echo('mine'), tools.odd()]);
          text(all.map(({ status }) => status)); text(all[1].value);`,
          { onTool: { odd: () => new JsonText(json) } },
        );
        assert.equal(failure, null);
        assert.deepEqual(texts, ['["rejected","fulfilled","rejected"]', 'mine']);
      });
    }

    it('that fails with 40 MiB of words, tells most of them', async () => {
      const odd = () => {
        throw new Error('x'.repeat(40 * MIB));
      };
      const { texts } = await runCell(
        sandbox,
        `try { await tools.odd() } catch (e) { text(e.message.length) }`,
        { onTool: { odd } },
      );
      assert.deepEqual(texts, [String(32 * MIB)]);
    });
  });

  describe('by a program', () => {
    it('calls no tool that is not there', async () => {
      assert.match(await caught('await tools.missing()'), /^TypeError: tools\.missing is not/);
      assert.match(await caught('await tools["a b"]()'), /^TypeError: .* is not a function/);
    });

    it('refuses arguments that are circles, functions and large numbers', async () => {
      assert.match(await caught('const a = {}; a.a = a; await tools.echo(a)'), /circular/);
      assert.match(await caught('await tools.echo(1n)'), /BigInt/);
    });

    const LONG = `'x'.repeat(${33 * MIB})`;
    for (const source of [
      `text(${LONG})`,
      `text({ a: ${LONG} })`,
      `await tools.echo(${LONG})`,
      `store('k', ${LONG})`,
      `store(${LONG}, 1)`,
      `notify(${LONG})`,
      `image('data:' + ${LONG})`,
      `image({ image_url: 'data:' + ${LONG} })`,
      `audio('data:' + ${LONG})`,
      `content({ type: 'text', text: ${LONG} })`,
    ]) {
      it(`refuses a value of 33 MiB and says why: ${source}`, async () => {
        assert.match(await caught(source), /33554432.*\(max(Value|Stored)Length\)/);
      });
    }

    it('may have ten thousand timers, and not one more', async () => {
      const { texts, failure } = await runCell(
        sandbox,
        `let fired = 0; let done;
        const over = new Promise((r) => { done = r });
        for (let n = 0; n < 10000; n++) setTimeout(() => { if (++fired === 10000) done() }, 1);
        try { setTimeout(() => {}, 1) } catch (e) { text(e.message) }
        await over; text(fired); setTimeout(() => {}, 1); text('again');`,
      );
      assert.equal(failure, null);
      assert.match(texts[0] ?? '', /10000 pending timers, the limit is 10000 \(maxTimers\)/);
      assert.deepEqual(texts.slice(1), ['10000', 'again']);
    });

    it('may have 16,384 calls at once, and one more fails alone', async () => {
      const { texts, failure } = await runCell(
        sandbox,
        `const calls = Array.from({ length: 16384 }, (_, n) => tools.echo(n));
        try { tools.echo('over') } catch (e) { text(e.message) }
        const all = await Promise.all(calls);
        text(all.every((value, n) => value === n)); text(await tools.echo('again'));`,
      );
      assert.equal(failure, null);
      assert.match(texts[0] ?? '', /16384 are pending, the limit is 16384 \(maxPendingCalls\)/);
      assert.deepEqual(texts.slice(1), ['true', 'again']);
    });

    it('may have 1,024 notifications at once, and one more fails alone', async () => {
      const { texts, notifications } = await runCell(
        sandbox,
        `for (let n = 0; n < 1024; n++) notify(n);
        try { notify('over') } catch (e) { text(e.message) }
        await tools.echo(1); await tools.echo(2); notify('again');`,
      );
      assert.match(texts[0] ?? '', /the limit is 1024 \(maxPendingNotifications\)/);
      assert.equal(notifications.length, 1_025);
      assert.equal(notifications.at(-1), 'again');
    });

    it('may store ten thousand keys and 32 MiB, and no more', async () => {
      const { session } = recordedSession(sandbox);
      await using _ = session;
      const keys = `for (let n = 0; n < 10000; n++) store('k' + n, n);
        try { store('over', 1) } catch (e) { text(e.message) } store('k0', 'changed');`;
      assert.match(
        textsOf((await finishCell(session, keys)).items)[0] ?? '',
        /10000 keys \(maxStoredKeys\)/,
      );
      const read = await finishCell(
        session,
        `text(load('k0')); text(load('k9999')); text(load('over'))`,
      );
      assert.deepEqual(textsOf(read.items), ['changed', '9999', 'undefined']);
      const long = `for (const n of [1, 2, 3]) try { store('k' + n, 'x'.repeat(${12 * MIB})) } catch (e) { text(e.message) }`;
      assert.match(
        textsOf((await finishCell(session, long)).items)[0] ?? '',
        /33554432.*\(maxStoredLength\)/,
      );
    });

    it('is told in words where JSON is nested too deeply', async () => {
      const nested = (depth: number) => `JSON.parse('['.repeat(${depth}) + ']'.repeat(${depth}))`;
      assert.match(await caught(`store('k', ${nested(127)})`), /no error/);
      for (const depth of [128, 5_000]) {
        for (const call of ['tools.echo(', "store('k', ", 'image(', 'content(']) {
          assert.match(
            await caught(`await ${call}${nested(depth)})`),
            /recursion limit|RangeError/,
          );
        }
      }
    });
  });
});
