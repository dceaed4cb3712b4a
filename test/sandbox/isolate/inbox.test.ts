import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Inbox } from '../../../sandbox/isolate/inbox.ts';

/** What went down in one entry: answers as `[id, ok, text]`, a timer as `[id]`, settled notifications. */
type Batch = readonly (readonly [number, 0 | 1, string] | readonly [number] | number)[];

function take(inbox: Inbox): Batch {
  const [direct, notified, timer, ...answers] = inbox.take();
  assert.equal(direct, false);
  const pairs: [number, 0 | 1, string][] = [];
  for (let at = 0; at < answers.length; at += 2) {
    const id = Number(answers[at]);
    const text = answers[at + 1];
    // One in pieces is alone.
    const whole = typeof text === 'object' ? answers.slice(1).flat().join('') : String(text);
    pairs.push([Math.abs(id), id > 0 ? 1 : 0, whole]);
    if (typeof text === 'object') break;
  }
  return [...pairs, ...(timer === 0 ? [] : [[timer] as const]), notified];
}

function drain(inbox: Inbox): Batch[] {
  const batches: Batch[] = [];
  while (!inbox.empty) batches.push(take(inbox));
  return batches;
}

const answer = (value: unknown) => [true, JSON.stringify(value)] as const;

describe('Inbox', () => {
  it('hands down answers that wait together in one batch', () => {
    const inbox = new Inbox(100);
    inbox.addAnswer(1, ...answer({ a: 1 }));
    inbox.addAnswer(2, false, 'no "way"\n');
    assert.deepEqual(drain(inbox), [[[1, 1, '{"a":1}'], [2, 0, 'no "way"\n'], 0]]);
  });

  it('hands down a timer alone', () => {
    const inbox = new Inbox(100);
    inbox.addAnswer(1, ...answer(1));
    inbox.addTimer(7);
    inbox.addTimer(8);
    inbox.addAnswer(2, ...answer(2));
    assert.deepEqual(drain(inbox), [
      [[1, 1, '1'], 0],
      [[7], 0],
      [[8], 0],
      [[2, 1, '2'], 0],
    ]);
  });

  it('tells settled notifications once, with whatever goes down next', () => {
    const inbox = new Inbox(100);
    inbox.addSettledNotification();
    inbox.addSettledNotification();
    assert.equal(inbox.empty, true);
    inbox.addTimer(1);
    inbox.addTimer(2);
    assert.deepEqual(drain(inbox), [
      [[1], 2],
      [[2], 0],
    ]);
  });

  it('hands down what is long together only up to a bound', () => {
    const inbox = new Inbox(4 << 20);
    for (let id = 1; id <= 20; id += 1) inbox.addAnswer(id, true, 'x'.repeat(64 << 10));
    assert.deepEqual(
      drain(inbox).map((batch) => batch.length - 1),
      [16, 4],
    );
  });

  it('hands down a long answer in pieces, whole or failed', () => {
    const inbox = new Inbox(4 << 20);
    const long = 'x'.repeat((64 << 10) + 1);
    inbox.addAnswer(1, true, long);
    inbox.addAnswer(2, false, long);
    const pieces = [['x'.repeat(32 << 10)], ['x'.repeat(32 << 10)], ['x']];
    assert.deepEqual(inbox.take(), [false, 0, 0, 1, ...pieces]);
    assert.deepEqual(inbox.take(), [false, 0, 0, -2, ...pieces]);
    assert.equal(inbox.empty, true);
  });

  it('splits what is long, and lets one long answer go alone', () => {
    const inbox = new Inbox(4 << 20);
    const long = 'x'.repeat(700_000);
    for (const id of [1, 2]) inbox.addAnswer(id, ...answer(long));
    inbox.addAnswer(3, ...answer(long.repeat(4)));
    inbox.addAnswer(4, ...answer(4));
    const ids = drain(inbox).map((batch) =>
      batch.flatMap((item) => (typeof item === 'number' ? [] : [item[0]])),
    );
    assert.deepEqual(ids, [[1], [2], [3], [4]]);
  });

  it('turns an answer that is too long into an error, and cuts a message that is', () => {
    const inbox = new Inbox(10);
    inbox.addAnswer(1, ...answer('x'.repeat(9)));
    inbox.addAnswer(2, ...answer('x'.repeat(8)));
    inbox.addAnswer(3, false, 'y'.repeat(11));
    const [batch] = drain(inbox);
    const text = "the tool's result has 11 characters, the limit is 10 (maxValueLength)";
    assert.deepEqual(batch, [
      [1, 0, text],
      [2, 1, JSON.stringify('x'.repeat(8))],
      [3, 0, 'y'.repeat(10)],
      0,
    ]);
  });

  it('is empty after it was cleared', () => {
    const inbox = new Inbox(10);
    inbox.addTimer(1);
    inbox.addAnswer(1, ...answer(1));
    inbox.clear();
    assert.equal(inbox.empty, true);
    inbox.addTimer(2);
    assert.deepEqual(drain(inbox), [[[2], 0]]);
  });

  it('delivers everything once and in order, whatever comes and goes (property)', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('answer' as const), value: fc.jsonValue() }),
      fc.record({ type: fc.constant('failure' as const), message: fc.string({ unit: 'binary' }) }),
      fc.record({ type: fc.constant('timer' as const) }),
      fc.record({ type: fc.constant('note' as const) }),
      fc.record({ type: fc.constant('take' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000, size: 'large' }), (steps) => {
        const inbox = new Inbox(10_000);
        const want: unknown[] = [];
        const got: unknown[] = [];
        let notes = 0;
        const takeOne = () => {
          const batch = take(inbox);
          assert.ok(batch.length >= 2 && batch.length <= 1_025);
          notes -= batch.at(-1) as number;
          const items = batch.slice(0, -1) as readonly (readonly unknown[])[];
          if (items.some((item) => item.length === 1)) assert.equal(items.length, 1);
          got.push(...items);
        };
        steps.forEach((one, at) => {
          const id = at + 1;
          if (one.type === 'answer') {
            const json = JSON.stringify(one.value);
            inbox.addAnswer(id, true, json);
            want.push([id, 1, json]);
          } else if (one.type === 'failure') {
            inbox.addAnswer(id, false, one.message);
            want.push([id, 0, one.message]);
          } else if (one.type === 'timer') {
            inbox.addTimer(id);
            want.push([id]);
          } else if (one.type === 'note') {
            inbox.addSettledNotification();
            notes += 1;
          } else if (!inbox.empty) takeOne();
        });
        inbox.addTimer(1e6);
        want.push([1e6]);
        while (!inbox.empty) takeOne();
        assert.deepEqual(got, want);
        assert.equal(notes, 0);
      }),
      { numRuns: 200 },
    );
  });
});
