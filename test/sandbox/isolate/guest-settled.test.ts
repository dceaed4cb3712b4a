import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { recordedSession, runCell } from '../../support/finished-cell.ts';

const DEFER = `const defer = () => Promise.withResolvers();`;

/** What a program sees, one text a line. */
const CASES: Readonly<Record<string, readonly [source: string, texts: readonly string[]]>> = {
  'give records in the order of settlement, before and during iteration': [
    `${DEFER} const d = [defer(), defer(), defer(), defer()];
    const records = as_settled(d.map(({ promise }) => promise));
    d[2].resolve('c'); await null; d[0].resolve('a'); await null;
    const seen = [(await records.next()).value.index, (await records.next()).value.index];
    d[3].reject('d'); await null; d[1].resolve('b');
    for await (const { index, status } of records) seen.push(index, status);
    text(seen);`,
    ['[2,0,3,"rejected",1,"fulfilled"]'],
  ],
  'accept any iterable, values, thenables, duplicates, and getters that fail': [
    `const shared = Promise.resolve('shared');
    function* inputs() {
      yield 1;
      yield { then(resolve) { resolve('thenable') } };
      yield shared; yield shared;
      yield Promise.reject('no');
      yield { get then() { throw 'getter failed' } };
    }
    const all = [];
    for await (const record of as_settled(inputs())) all.push(record);
    all.sort((a, b) => a.index - b.index);
    for (const { status, value, reason } of all) text([status, value ?? reason]);`,
    [
      '["fulfilled",1]',
      '["fulfilled","thenable"]',
      '["fulfilled","shared"]',
      '["fulfilled","shared"]',
      '["rejected","no"]',
      '["rejected","getter failed"]',
    ],
  ],
  'keep the keys of a Map and end at once where there is nothing': [
    `const key = {};
    for await (const r of as_settled(new Map([['ok', 7], [key, Promise.reject('failed')]]))) {
      text([r.index === key ? 'key' : r.index, r.status, r.value ?? r.reason]);
    }
    text((await as_settled([]).next()).done); text((await as_settled(new Map()).next()).done);
    await stream_settled([], () => text('no')); text('end');`,
    ['["ok","fulfilled",7]', '["key","rejected","failed"]', 'true', 'true', 'end'],
  ],
  'wait for each callback before the next record': [
    `let busy = 0;
    await stream_settled([1, Promise.reject(2), 3], async ({ index }) => {
      if (busy++) text('overlap');
      await new Promise((r) => setTimeout(r, 1));
      busy--; text(index);
    });
    text('end');`,
    ['0', '1', '2', 'end'],
  ],
  'reject with what a callback threw, itself': [
    `const error = new Error('mine');
    try { await stream_settled([1, 2], () => { throw error }) } catch (e) { text(e === error) }
    try { await stream_settled([1, 2], async () => { throw error }) } catch (e) { text(e === error) }`,
    ['true', 'true'],
  ],
  'are done after an early end': [
    `const records = as_settled([1, 2, 3]);
    for await (const record of records) break;
    text((await records.next()).done);
    const more = as_settled([new Promise(() => {}), 1]);
    await more.next(); text((await more.return('x')).value); text((await more.next()).done);`,
    ['true', 'x', 'true'],
  ],
  'keep the identity of keys, values and reasons': [
    `const value = { method() {} }; value.self = value; const reason = new Error('r');
    const records = as_settled([value, Promise.reject(reason)]);
    text((await records.next()).value.value === value);
    text((await records.next()).value.reason === reason);`,
    ['true', 'true'],
  ],
  'throw at once what the iteration throws': [
    `try { as_settled({ *[Symbol.iterator]() { yield 1; throw new RangeError('iter') } }) } catch (e) { text(e.message) }
    try { as_settled(null) } catch (e) { text(e.constructor.name) }`,
    ['iter', 'TypeError'],
  ],
  'want a callback, even where there is nothing to tell': [
    `const p = stream_settled([], null); text(p instanceof Promise);
    try { await p } catch (e) { text(String(e)) }`,
    ['true', 'TypeError: stream_settled requires a callback'],
  ],
  'subscribe once to each thenable': [
    `let n = 0; const thenable = { then(resolve) { n++; resolve(1) } };
    for await (const _ of as_settled([thenable])); text(n);`,
    ['1'],
  ],
  'do not cancel what they no longer watch': [
    `let done = false;
    const work = (async () => { await new Promise((r) => setTimeout(r, 2)); done = true })();
    const records = as_settled([1, work]); await records.next(); await records.return();
    await work; text(done);`,
    ['true'],
  ],
  'show nothing by themselves': [`for await (const _ of as_settled([1, 2])); text('end')`, ['end']],
};

describe('as_settled and stream_settled', { timeout: 60_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [what, [source, want]] of Object.entries(CASES)) {
    it(what, async () => {
      const { texts, failure } = await runCell(sandbox, source);
      assert.equal(failure, null);
      assert.deepEqual(texts, want);
    });
  }

  for (const source of [
    `for await (const _ of as_settled([tools.never()]));`,
    `await stream_settled([tools.never()], () => {});`,
  ]) {
    it(`reach a frontier while they wait, and can be terminated: ${source}`, async () => {
      const { session } = recordedSession(sandbox);
      await using _ = session;
      const { cellId, first } = await session.execute({ source, observe: { pending: true } });
      const event = await first;
      assert.equal(event.type, 'pending');
      assert.equal((await session.terminate(cellId)).type, 'terminated');
    });
  }
});
