import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Delegate, JsonText } from '../../../src/delegate.ts';
import { never, settled } from '../../support/gates.ts';
import { scriptedCallbacks } from '../../support/scripted-callbacks.ts';

describe('Running callbacks', () => {
  it('are listed in call order while they run', async () => {
    const { callbacks, call, notify, delegate } = scriptedCallbacks();
    const answers = [call('block'), call('block')];
    const noted = notify('block');
    const listed = [
      { callId: 'tool-1', tool: 'block' },
      { callId: 'tool-2', tool: 'block' },
    ];
    assert.deepEqual(callbacks.pendingCalls, listed);
    assert.deepEqual([callbacks.pendingNotifications, callbacks.idle], [1, false]);
    delegate.tools.releaseAll(1);
    delegate.notes.release();
    await Promise.all([...answers, noted]);
    assert.deepEqual(callbacks.pendingCalls, []);
    assert.deepEqual([callbacks.pendingNotifications, callbacks.idle], [0, true]);
  });

  it('start at once and in order', () => {
    const { call, notify, delegate } = scriptedCallbacks();
    void call('block');
    void notify('block');
    void call('block');
    assert.deepEqual(delegate.log, [
      '1 tool-1 started',
      '1 note block started',
      '1 tool-2 started',
    ]);
  });

  it('answer with JSON text; nothing at all becomes null', async () => {
    const values = [{ a: [1] }, undefined, null, 'text', Number.NaN];
    const { call } = scriptedCallbacks(() => values.shift());
    const answers = [];
    for (let n = 0; n < 5; n += 1) answers.push(await call('any'));
    const jsons = ['{"a":[1]}', 'null', 'null', '"text"', 'null'];
    assert.deepEqual(
      answers,
      jsons.map((text) => ({ ok: true, text })),
    );
  });

  it('turn a result into text when its program has room for it, and not before', async () => {
    const log: string[] = [];
    const { call, room } = scriptedCallbacks(() => ({
      toJSON() {
        log.push('text');
        return 1;
      },
    }));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    room.full = promise;
    const answer = call('any');
    await settled();
    log.push('room');
    resolve(true);
    assert.deepEqual(await answer, { ok: true, text: '1' });
    assert.deepEqual(log, ['room', 'text']);
  });

  it('do not turn a result into text whose program has ended', async () => {
    let isAsked = false;
    const { call, room } = scriptedCallbacks(() => ({
      toJSON() {
        isAsked = true;
      },
    }));
    room.full = Promise.resolve(false);
    assert.deepEqual(await call('any'), {
      ok: false,
      text: 'code mode nested tool call cancelled',
    });
    assert.equal(isAsked, false);
  });

  it('pass JSON text through unchanged', async () => {
    const { call } = scriptedCallbacks(() => new JsonText(' {"big": 12345678901234567890} '));
    assert.deepEqual(await call('any'), { ok: true, text: ' {"big": 12345678901234567890} ' });
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const toJSON = () => {
    throw new Error('no JSON of me');
  };
  for (const [what, value, text] of [
    ['a function', () => 1, /failed to serialize tool response: got a function/],
    ['a symbol', Symbol('s'), /failed to serialize tool response: got a symbol/],
    ['a bigint', 1n, /failed to serialize tool response: .*BigInt/],
    ['a circle', circular, /failed to serialize tool response: Converting circular/],
    ['a toJSON that throws', { toJSON }, /failed to serialize tool response: no JSON of me/],
    [
      'a toJSON that gives nothing',
      { toJSON: () => undefined },
      /failed to serialize tool response/,
    ],
  ] as const) {
    it(`fail if the result is ${what}, which JSON cannot represent`, async () => {
      const answer = await scriptedCallbacks(() => value).call('any');
      assert.equal(answer.ok, false);
      assert.match(answer.text, text);
    });
  }

  for (const [what, thrown, message] of [
    ['an error', new Error('broken'), 'broken'],
    ['a text', 'broken', 'broken'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    [
      'an object that has no text',
      Object.create(null),
      'the tool failed with an error that cannot be shown',
    ],
  ] as const) {
    it(`fail with a message if the tool throws ${what}`, async () => {
      const thrower = scriptedCallbacks(() => {
        throw thrown;
      });
      assert.deepEqual(await thrower.call('any'), { ok: false, text: message });
    });
  }

  it('fail with a text even if the error has no message', async () => {
    const odd = Object.assign(new Error('x'), { message: 42 });
    const answer = await scriptedCallbacks(() => Promise.reject(odd)).call('any');
    assert.equal(typeof answer.text, 'string');
    assert.equal(answer.ok, false);
  });

  it('can throw synchronously', async () => {
    const bare: Delegate = {
      invokeTool: () => {
        throw new Error('at once');
      },
      notify: () => {
        throw new Error('at once');
      },
    };
    const { callbacks, call, notify } = scriptedCallbacks(bare);
    assert.deepEqual(await call('any'), { ok: false, text: 'at once' });
    await notify('hello');
    await settled();
    assert.equal(callbacks.idle, true);
  });

  it('can return a plain value', async () => {
    const bare = { invokeTool: () => 7, notify: () => undefined };
    const { callbacks, call, notify } = scriptedCallbacks(bare as unknown as Delegate);
    assert.deepEqual(await call('any'), { ok: true, text: '7' });
    await notify('hello');
    assert.equal(await callbacks.drain(30_000), 0);
  });

  it('do not report a failed notification to the program', async () => {
    const { notify, delegate } = scriptedCallbacks();
    delegate.onNotify = () => Promise.reject(new Error('nobody there'));
    await notify('hello');
  });

  it('get separate signals', () => {
    const { call, notify, delegate } = scriptedCallbacks(() => never());
    void call('any');
    void call('any');
    void notify('never');
    assert.equal(new Set(delegate.signals).size, 3);
  });
});
