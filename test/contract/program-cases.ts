import assert from 'node:assert/strict';
import { brief, expectEvent, textOf } from '../support/events.ts';
import { ScriptedDelegate } from '../support/scripted-delegate.ts';
import { firstOf, type SessionContract, start, untilClosed } from './session-setup.ts';

/** The actions of a program reach the caller and the delegate. */
export function programCases({ describe, it, setUp, features }: SessionContract): void {
  describe('a program', () => {
    it('that runs to its end is completed with its output', async () => {
      await using made = await setUp();
      const event = expectEvent(await firstOf(made.session, `text('a'); text('b')`), 'completed');
      assert.deepEqual(event.items.map(textOf), ['a', 'b']);
      assert.equal(event.failure, null);
      assert.equal(event.cellId, '1');
    });

    it('that exits is completed with its earlier output, and does nothing afterwards', async () => {
      await using made = await setUp();
      const source = `text('before'); exit(); text('after'); await tools.echo(1); notify('no')`;
      assert.equal(brief(await firstOf(made.session, source)), 'completed: before');
      await untilClosed(made.delegate, features, '1');
      assert.deepEqual(made.delegate.log, ['1 closed']);
    });

    it('that exits in a timer leaves its other timers and promises unrun', async () => {
      await using made = await setUp();
      const source = `
        setTimeout(() => { text('later') }, 5_000);
        setTimeout(() => { exit(); text('no'); Promise.resolve().then(() => text('never')) }, 1);
        await new Promise((go) => setTimeout(go, 1e9))`;
      assert.equal(brief(await firstOf(made.session, source)), 'completed');
    });

    it('that throws is completed with a failure, and its output', async () => {
      await using made = await setUp();
      const event = await firstOf(made.session, `text('a'); throw new Error('boom')`);
      const { failure, items } = expectEvent(event, 'completed');
      assert.deepEqual(items.map(textOf), ['a']);
      assert.match(failure?.text ?? '', /boom/);
      assert.equal(failure?.kind, 'exception');
    });

    it('that does not parse is completed with a failure that has its position', async () => {
      await using made = await setUp();
      const event = await firstOf(made.session, `text('a');\nlet = ;`);
      const { failure, items } = expectEvent(event, 'completed');
      assert.deepEqual(items, []);
      assert.match(failure?.text ?? '', /SyntaxError/);
      assert.equal(failure?.kind, 'syntax');
      if (features.failurePlaces) assert.equal(failure?.line, 2);
    });

    it('gets the result of a tool, and catches its error', async () => {
      await using made = await setUp();
      const source = `
        text(await tools.echo({ a: [1, null] }));
        try { await tools.fail() } catch (error) { text(error instanceof Error); text(error.message ?? error) }`;
      assert.equal(
        brief(await firstOf(made.session, source)),
        `completed: {"a":[1,null]} ${features.toolErrorObjects} the tool failed`,
      );
    });

    it('calls tools in program order, and each call has a number', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      await firstOf(
        session,
        `await Promise.all([tools.echo('x'), tools.fail().catch(() => {}), tools.echo('y')])`,
      );
      assert.deepEqual(
        delegate.calls.map(({ callId, tool, input }) => [callId, tool, input]),
        [
          ['tool-1', 'echo', 'x'],
          ['tool-2', 'fail', undefined],
          ['tool-3', 'echo', 'y'],
        ],
      );
    });

    it("notifies with the caller's id", async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      await firstOf(session, `notify('a')`, { callId: 'call-7' });
      await firstOf(session, `notify('b')`);
      assert.deepEqual(delegate.notifications, [
        { cellId: '1', callId: 'call-7', text: 'a' },
        { cellId: '2', callId: null, text: 'b' },
      ]);
    });

    it('has the tools of its request', async () => {
      await using made = await setUp();
      const tools = [{ name: 'other', description: '' }];
      const event = await firstOf(made.session, `text(Object.keys(tools)); await tools.other()`, {
        tools,
      });
      assert.equal(brief(event), 'completed: ["other"]');
      assert.equal(made.delegate.calls[0]?.tool, 'other');
    });

    it('uses the delegate of its request, if it has one', async () => {
      await using made = await setUp();
      const delegate = new ScriptedDelegate();
      await firstOf(made.session, `await tools.echo(1); notify('hello')`, { delegate });
      await untilClosed(delegate, features, '1');
      assert.equal(delegate.log.at(-1), '1 closed');
      assert.equal(delegate.calls.length, 1);
      assert.deepEqual(made.delegate.log, []);
    });

    it('gets a note about an unhandled rejection', async () => {
      await using made = await setUp();
      const source = `Promise.reject(new Error('forgotten')); await tools.echo(1); text('done')`;
      const { notes, failure } = expectEvent(await firstOf(made.session, source), 'completed');
      assert.equal(failure, null);
      assert.equal(notes.length, features.notes ? 1 : 0);
      if (features.notes) assert.match(notes[0] ?? '', /forgotten/);
    });

    it('runs concurrently with others, and cells are counted from 1', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const one = await start(session, `text(await tools.block())`);
      const two = await start(session, `text('quick')`);
      assert.deepEqual([one.cellId, two.cellId], ['1', '2']);
      assert.equal(brief(await two.first), 'completed: quick');
      await delegate.saw('1 tool-1 started');
      delegate.tools.release('slow');
      assert.equal(brief(await one.first), 'completed: slow');
    });
  });
}
