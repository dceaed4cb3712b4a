import assert from 'node:assert/strict';
import { brief } from '../support/events.ts';
import type { SessionContract } from './session-setup.ts';

/** `Session.run`. */
export function runningCases({ describe, it, setUp }: SessionContract): void {
  describe('running a cell to its end', () => {
    it('collects what it showed before and after it yielded', async () => {
      await using made = await setUp();
      const source = `text('a'); yield_control(); text(await tools.echo('b')); yield_control(); text('c')`;
      const result = await made.session.run(source);
      assert.equal(brief(result), 'completed: a b c');
      assert.equal(result.stoppedBy, null);
    });

    it('terminates the cell when its signal aborts, and brings what it had shown', async () => {
      await using made = await setUp();
      const caller = new AbortController();
      const source = `text('a'); yield_control(); text('b'); await tools.block()`;
      const running = made.session.run(source, { signal: caller.signal });
      await made.delegate.saw('1 tool-1 started');
      caller.abort();
      const result = await running;
      assert.equal(brief(result), 'terminated: a b');
      assert.equal(result.stoppedBy, 'signal');
      await made.delegate.saw('1 tool-1 cancelled: terminate');
    });

    it('terminates a program that never stops when its time is over', async () => {
      await using made = await setUp();
      const result = await made.session.run(`for (;;);`, { timeoutMs: 50 });
      assert.deepEqual([brief(result), result.stoppedBy], ['terminated', 'timeout']);
    });
  });
}
