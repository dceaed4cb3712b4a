import assert from 'node:assert/strict';
import type { CellEvent } from '../../src/events.ts';
import { brief, expectEvent, rejectsWith } from '../support/events.ts';
import { isSettled, settled } from '../support/gates.ts';
import { LONG, PENDING, type SessionContract, start } from './session-setup.ts';

const TWO_IN_TURN = `text(await tools.block(1)); text(await tools.block(2))`;
const TWO_AT_ONCE = `await Promise.all([tools.block(1), tools.block(2)]); text('done')`;
const HANG = `await new Promise((go) => setTimeout(go, 1e9))`;

/** A frontier in a few words: `a #1 tool-1`. */
function frontier(event: CellEvent): string {
  const { generation, pendingCalls } = expectEvent(event, 'pending');
  const calls = pendingCalls.map(({ callId }) => callId);
  return [...brief(event).split(' ').slice(1), `#${generation}`, ...calls].join(' ');
}

/** The program runs from frontier to frontier. */
export function frontierCases({ describe, it, setUp }: SessionContract): void {
  describe('a cell that is observed until it is pending', { needs: ['pendingObserve'] }, () => {
    it('is completed if it never has to wait', async () => {
      await using made = await setUp();
      const { first } = await start(made.session, `text('done')`, { observe: PENDING });
      assert.equal(brief(await first), 'completed: done');
    });

    it('is pending when it waits for something outside it, and lists the pending calls', async () => {
      await using made = await setUp();
      const { session } = made;
      const quiet = await start(session, `text('a'); ${HANG}`, { observe: PENDING });
      assert.equal(frontier(await quiet.first), 'a #1');
      const calling = await start(session, TWO_AT_ONCE, { observe: PENDING });
      assert.equal(frontier(await calling.first), '#1 tool-1 tool-2');
      assert.deepEqual(expectEvent(await calling.first, 'pending').pendingCalls[0], {
        callId: 'tool-1',
        tool: 'block',
      });
    });

    it('is paused: input waits, and observing again returns the same', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, TWO_IN_TURN, { observe: PENDING });
      const event = await first;
      delegate.tools.release('x');
      await delegate.saw('1 tool-1 finished');
      await settled();
      assert.deepEqual(await session.observe(cellId, PENDING), event);
      assert.equal(delegate.calls.length, 1);
    });

    it('runs from frontier to frontier, and each is left once', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, TWO_IN_TURN, { observe: PENDING });
      assert.equal(frontier(await first), '#1 tool-1');
      const resumed = await Promise.all([session.resume(cellId, 1), session.resume(cellId, 1)]);
      assert.deepEqual(resumed.toSorted(), ['already-running', 'resumed']);
      const second = session.observe(cellId, PENDING);
      assert.equal(await isSettled(second), false);
      delegate.tools.release('x');
      assert.equal(frontier(await second), 'x #2 tool-2');
      assert.equal(await session.resume(cellId, 1), 'already-running');
      await rejectsWith(session.resume(cellId, 3), 'invalid_generation');
      assert.equal(await session.resume(cellId, 2), 'resumed');
      delegate.tools.release('y');
      assert.equal(brief(await session.observe(cellId, PENDING)), 'completed: y');
      assert.equal(await session.resume(cellId, 2), 'missing');
    });

    it('lists only the unanswered calls', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, TWO_AT_ONCE, { observe: PENDING });
      await first;
      await session.resume(cellId, 1);
      delegate.tools.release(1);
      assert.equal(frontier(await session.observe(cellId, PENDING)), '#2 tool-2');
      await session.resume(cellId, 2);
      delegate.tools.release(2);
      assert.equal(brief(await session.observe(cellId, PENDING)), 'completed: done');
    });

    it('does not run a timer before it is resumed', async () => {
      await using made = await setUp();
      const { session } = made;
      const source = `tools.never(1); setTimeout(() => tools.never(2), 100); ${HANG}`;
      const { cellId, first } = await start(session, source, { observe: PENDING });
      assert.equal(frontier(await first), '#1 tool-1');
      // Only the real clock moves the timer; another cell shows when its time has passed.
      await (await start(session, `await new Promise((go) => setTimeout(go, 300))`)).first;
      assert.equal(frontier(await session.observe(cellId, PENDING)), '#1 tool-1');
      await session.resume(cellId, 1);
      assert.equal(frontier(await session.observe(cellId, PENDING)), '#2 tool-1 tool-2');
    });

    it('refuses to be resumed if there was no frontier yet', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, TWO_IN_TURN);
      await delegate.saw('1 tool-1 started');
      await rejectsWith(session.resume(cellId, 1), 'invalid_generation');
      await assert.rejects(session.resume(cellId, 1), /latest generation is none/);
      assert.equal(await session.resume('nowhere', 1), 'missing');
    });
  });

  describe('observers of frontiers', { needs: ['pendingObserve'] }, () => {
    it('are one at a time', async () => {
      await using made = await setUp();
      const { session } = made;
      const { cellId, first } = await start(session, `yield_control(); for (;;);`);
      await first;
      const waiting = session.observe(cellId, PENDING);
      await rejectsWith(session.observe(cellId, PENDING), 'cell_busy');
      await rejectsWith(session.observe(cellId, LONG), 'cell_busy');
      await session.terminate(cellId);
      assert.equal(brief(await waiting), 'terminated');
    });

    it('can stop waiting, and the frontier waits for the next one with all its output', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const controller = new AbortController();
      const request = { source: `text('a'); await tools.block()`, observe: PENDING };
      const { cellId, first } = await session.execute(request, { signal: controller.signal });
      controller.abort(new Error('given up'));
      await assert.rejects(first, /given up/);
      await delegate.saw('1 tool-1 started');
      const event = await session.observe(cellId, PENDING);
      assert.equal(frontier(event), 'a #1 tool-1');
      assert.deepEqual(await session.observe(cellId, PENDING), event);
    });

    it('can come later, to a cell that runs freely and is already idle', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, `text('a'); yield_control(); ${TWO_IN_TURN}`);
      assert.equal(brief(await first), 'yielded: a');
      await delegate.saw('1 tool-1 started');
      assert.equal(frontier(await session.observe(cellId, PENDING)), '#1 tool-1');
      delegate.tools.release('x');
      await session.resume(cellId, 1);
      assert.equal(frontier(await session.observe(cellId, PENDING)), 'x #2 tool-2');
    });

    it('can be preempted, and the frontier waits for the next one', async () => {
      await using made = await setUp();
      const { session } = made;
      const preempt = AbortSignal.abort();
      const request = { source: `text('a'); ${HANG}`, observe: PENDING };
      const { cellId, first } = await session.execute(request, { preempt });
      assert.equal(brief(await first), 'yielded');
      assert.equal(frontier(await session.observe(cellId, PENDING)), 'a #1');
    });

    it('are replaced by one with a time, which resumes the program', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, TWO_IN_TURN, { observe: PENDING });
      await first;
      delegate.tools.release('x');
      const waiting = session.observe(cellId, LONG);
      await delegate.saw('1 tool-2 started');
      assert.equal(await session.resume(cellId, 1), 'already-running');
      delegate.tools.release('y');
      assert.equal(brief(await waiting), 'completed: x y');
    });
  });

  describe('a cell without an observer', { needs: ['pendingObserve'] }, () => {
    it('continues from tool to tool by itself', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const source = `text(await tools.echo('a')); text(await tools.echo('b'))`;
      const { cellId } = await start(session, source, { observe: { yieldAfterMs: 0 } });
      await delegate.saw('1 closed');
      assert.equal(brief(await session.observe(cellId, PENDING)), 'completed: a b');
    });
  });

  describe('terminating a cell that is held', { needs: ['pendingObserve'] }, () => {
    it('does not repeat what was delivered with the frontier', async () => {
      await using made = await setUp();
      const { session } = made;
      const { cellId, first } = await start(session, `text('a'); await tools.block()`, {
        observe: PENDING,
      });
      assert.equal(frontier(await first), 'a #1 tool-1');
      assert.equal(brief(await session.terminate(cellId)), 'terminated');
      assert.equal(await session.resume(cellId, 1), 'missing');
    });

    it('ends helpers that wait for promises that never settle', async () => {
      await using made = await setUp();
      const { session } = made;
      for (const source of [
        `for await (const one of as_settled([new Promise(() => {})])) text(one)`,
        `await stream_settled([new Promise(() => {})], () => {})`,
      ]) {
        const { cellId, first } = await start(session, source, { observe: PENDING });
        expectEvent(await first, 'pending');
        assert.equal(brief(await session.terminate(cellId)), 'terminated');
      }
    });
  });
}
