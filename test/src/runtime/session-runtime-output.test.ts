import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { brief, expectEvent, textItem } from '../../support/events.ts';
import { dropFakeSessions, fakeClock, fakeSession } from '../../support/fake-session.ts';
import { isSettled } from '../../support/gates.ts';
import { assertNoTimersLeft } from '../../support/leaks.ts';

afterEach(dropFakeSessions);

const LONG = { yieldAfterMs: 60_000 };

function waitOf(gate: Promise<void> | void): Promise<void> {
  assert.ok(gate instanceof Promise, 'the program need not wait');
  return gate;
}

describe('Output', () => {
  it('wakes its observer early when it exceeds half of the limit', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputLength: 10 } });
    const { cellId, first, run } = await begin();
    run.text('12345');
    assert.equal(await isSettled(first), false);
    run.text('6');
    assert.equal(brief(await first), 'yielded: 12345 6');
    run.text('12345');
    run.end();
    assert.equal(brief(await session.observe(cellId, LONG)), 'completed: 12345');
  });

  it('of more than half of the limit is delivered at once to the next observer', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputLength: 10 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    run.text('123456');
    assert.equal(brief(await session.observe(cellId, LONG)), 'yielded: 123456');
    const next = session.observe(cellId, LONG);
    assert.equal(await isSettled(next), false);
    run.end();
    assert.equal(brief(await next), 'completed');
  });

  it('of more than half of the limit pauses the program until it is taken', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputLength: 10 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    assert.equal(run.output(textItem('12345')), undefined);
    const gate = waitOf(run.output(textItem('6')));
    assert.equal(await isSettled(gate), false);
    await session.observe(cellId, LONG);
    assert.equal(await isSettled(gate), true);
    assert.equal(run.output(textItem('7')), undefined);
    await session.terminate(cellId);
  });

  it('does not pause a program whose observer takes it at once', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputLength: 10 } });
    const { cellId, first, run } = await begin();
    assert.equal(run.output(textItem('123456')), undefined);
    assert.equal(brief(await first), 'yielded: 123456');
    await session.terminate(cellId);
  });

  it('pauses a program for two seconds at most, and not again before it is taken', async (t) => {
    const pass = fakeClock(t);
    const { begin, session } = fakeSession({ limits: { maxOutputLength: 10 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    const gate = waitOf(run.output(textItem('123456')));
    await pass(1_999);
    assert.equal(await isSettled(gate), false);
    await pass(1);
    assert.equal(await isSettled(gate), true);
    assert.equal(run.output(textItem('7')), undefined);
    assert.equal(brief(await session.observe(cellId, LONG)), 'yielded: 123456 7');
    assert.ok(run.output(textItem('123456')) instanceof Promise);
  });

  it('leaves no timer and no pause behind when the cell is terminated', async () => {
    await assertNoTimersLeft(async () => {
      const { begin, session } = fakeSession({ limits: { maxOutputLength: 10 } });
      const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
      await first;
      const gate = waitOf(run.output(textItem('123456')));
      await session.terminate(cellId);
      assert.equal(await isSettled(gate), true);
    });
  });

  it('of exactly the limit passes, and one unit more stops the cell', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputLength: 4 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    run.text('1234');
    assert.equal(run.killed, false);
    run.text('5');
    assert.equal(run.killed, true);
    assert.equal(brief(await session.observe(cellId, LONG)), 'completed: 1234 (limit)');
  });

  it('is weighed as JSON, and one byte more stops the cell', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputBytes: 200 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    run.text('\u0001'.repeat(10), '\u0001');
    run.text('');
    assert.equal(run.killed, true);
    const { items, failure } = expectEvent(await session.observe(cellId, LONG), 'completed');
    assert.equal(items.length, 2);
    assert.match(failure?.text ?? '', /maxOutputBytes \(200 bytes of JSON /);
  });

  it('is weighed anew when it was taken', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputBytes: 150 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    for (let round = 0; round < 3; round += 1) {
      run.text('\n'.repeat(40));
      await session.observe(cellId, { yieldAfterMs: 0 });
    }
    assert.equal(run.killed, false);
  });

  it('is also counted in items, and one item more stops the cell', async () => {
    const { begin, session } = fakeSession({ limits: { maxOutputItems: 2 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    run.text('', '');
    assert.equal(run.killed, false);
    run.text('');
    assert.equal(run.killed, true);
    const { items, failure } = expectEvent(await session.observe(cellId, LONG), 'completed');
    assert.equal(items.length, 2);
    assert.match(failure?.text ?? '', /maxOutputItems \(2 /);
  });

  it('counts images and audio by their URL', async () => {
    const { begin, session } = fakeSession();
    const { first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    void run.output({ type: 'input_image', image_url: 'data:image', detail: 'high' });
    void run.output({ type: 'input_audio', audio_url: 'data:audio' });
    assert.equal((await session.cells())[0]?.pendingOutput, 20);
  });
});
