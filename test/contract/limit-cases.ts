import assert from 'node:assert/strict';
import { brief, expectEvent, rejectsWith, textOf } from '../support/events.ts';
import { firstOf, LONG, type SessionContract, start } from './session-setup.ts';

/** The call or cell that exceeds a limit fails, names the limit, and nothing else is lost. */
export function limitCases({ describe, it, setUp }: SessionContract): void {
  describe('the limits of a session', { needs: ['limits'] }, () => {
    it('stop a cell whose output is not taken, and keep earlier output', async () => {
      await using made = await setUp({ maxOutputLength: 55 });
      const { session, delegate } = made;
      const source = `yield_control(); for (let n = 0; n < 10; n += 1) text(String(n).repeat(10))`;
      const { cellId, first } = await start(session, source);
      await first;
      await delegate.saw('1 closed');
      const event = expectEvent(await session.observe(cellId, LONG), 'completed');
      assert.equal(event.failure?.kind, 'limit');
      assert.match(event.failure?.text ?? '', /maxOutputLength \(55 /);
      assert.deepEqual(
        event.items.map(textOf),
        [0, 1, 2, 3, 4].map((n) => String(n).repeat(10)),
      );
      assert.equal(brief(await firstOf(session, `text('on')`)), 'completed: on');
    });

    it('let no output pass that no answer could carry, and keep what came before', async () => {
      await using made = await setUp({});
      const source = `text('\\u0001'.repeat(9 << 20)); yield_control(); text('\\u0001'.repeat(10 << 20))`;
      const { cellId, first } = await start(made.session, source);
      let event = await first;
      let length = 0;
      for (;;) {
        if (!('items' in event)) assert.fail(brief(event));
        for (const item of event.items) length += textOf(item).length;
        if (event.type === 'completed') break;
        event = await made.session.observe(cellId, LONG);
      }
      assert.match(event.failure?.text ?? '', /maxOutputBytes \(58720256 bytes of JSON /);
      assert.equal(length, 9 << 20);
    });

    it('do not stop a cell whose output is taken', async () => {
      await using made = await setUp({ maxOutputLength: 100 });
      const { session, delegate } = made;
      const source = `for (let n = 0; n < 10; n += 1) { text('x'.repeat(30)); text('y'.repeat(30)); await tools.block() }`;
      const { cellId, first } = await start(session, source);
      let event = await first;
      let taken = event.items.length;
      while (event.type === 'yielded') {
        if (delegate.tools.size > 0) delegate.tools.release(null);
        event = await session.observe(cellId, { yieldAfterMs: 5 });
        taken += event.items.length;
      }
      assert.equal(expectEvent(event, 'completed').failure, null);
      assert.equal(taken, 20);
    });

    it('stop a cell that runs too long', async () => {
      await using made = await setUp({ maxRunMs: 300 });
      const event = expectEvent(await firstOf(made.session, `text('a'); for (;;);`), 'completed');
      assert.equal(event.failure?.kind, 'limit');
      assert.match(event.failure?.text ?? '', /^The cell timed out after 300 ms .*maxRunMs/);
      assert.deepEqual(event.items.map(textOf), ['a']);
    });

    it('keep what a stopped cell stored', async () => {
      await using made = await setUp({ maxRunMs: 300 });
      const source = `store('kept', 1); yield_control(); for (;;);`;
      const { cellId, first } = await start(made.session, source);
      await first;
      const event = expectEvent(await made.session.observe(cellId, LONG), 'completed');
      assert.equal(event.failure?.kind, 'limit');
      assert.equal(brief(await firstOf(made.session, `text(load('kept'))`)), 'completed: 1');
    });

    it('refuse a source that is too long, in bytes', async () => {
      await using made = await setUp({ maxSourceBytes: 10 });
      const { session } = made;
      for (const source of ['01234567890', "'ää' + 'ä'"]) {
        await rejectsWith(start(session, source), 'limit_exceeded');
        await assert.rejects(start(session, source), /maxSourceBytes/);
      }
      assert.equal((await start(session, `text('abc`.slice(0, 5))).cellId, '1');
    });

    it('refuse another cell if too many are running, and accept one when there is room', async () => {
      await using made = await setUp({ maxLiveCells: 1 });
      const { session, delegate } = made;
      const { first } = await start(session, `await tools.block()`);
      await delegate.saw('1 tool-1 started');
      await rejectsWith(start(session, ''), 'limit_exceeded');
      await assert.rejects(start(session, ''), /1 live cells \(maxLiveCells\): 1 running/);
      delegate.tools.release(null);
      await first;
      assert.equal(brief(await firstOf(session, `text('room')`)), 'completed: room');
    });

    it('forget the oldest unclaimed completion, and say so', async () => {
      await using made = await setUp({ maxCompletedCells: 2 });
      const { session, delegate } = made;
      for (let n = 1; n <= 3; n += 1) {
        await (await start(session, `yield_control(); text(${n})`)).first;
        await delegate.saw(`${n} closed`);
      }
      assert.equal(expectEvent(await session.observe('1', LONG), 'missing').reason, 'evicted');
      assert.equal(brief(await session.observe('2', LONG)), 'completed: 2');
      assert.equal(brief(await session.observe('3', LONG)), 'completed: 3');
    });

    it('end every wait at once if waits are limited to 0, in that session only', async () => {
      await using none = await setUp({ maxYieldAfterMs: 0 });
      await using other = await setUp();
      const { cellId, first } = await start(none.session, `await tools.block()`);
      expectEvent(await first, 'yielded');
      expectEvent(await none.session.observe(cellId, LONG), 'yielded');
      assert.equal(
        brief(await firstOf(other.session, `text(await tools.echo('a'))`)),
        'completed: a',
      );
    });

    it('refuse values that exceed the bound when the cell completes, with a note', async () => {
      await using made = await setUp({ maxStoredKeys: 1 });
      const { session } = made;
      const event = expectEvent(
        await firstOf(session, `store('a', 1); store('b', 2)`),
        'completed',
      );
      assert.equal(event.failure, null);
      assert.equal(event.notes.length, 1);
      assert.match(event.notes[0] ?? '', /"b".* 1 keys/);
      assert.equal(
        brief(await firstOf(session, `text([load('a'), load('b')])`)),
        'completed: [1,null]',
      );
    });

    it('cancel notifications after a time, with a note', async () => {
      await using made = await setUp({ drainMs: 20 });
      const source = `notify('stubborn'); notify('block'); text('done')`;
      const event = expectEvent(await firstOf(made.session, source), 'completed');
      assert.deepEqual(event.items.map(textOf), ['done']);
      assert.deepEqual(event.notes, ['Notifications given up after 20 ms (drainMs): 2']);
      assert.ok(made.delegate.log.includes('1 note block cancelled: drain-timeout'));
      assert.equal(made.delegate.log.at(-1), '1 closed');
    });
  });
}
