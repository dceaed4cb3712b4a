import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import {
  awaitPassed,
  type PassedCall,
  type PassingDelegate,
} from '../../../src/runtime/passed-call.ts';
import { isSettled } from '../../support/gates.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { scriptedCallbacks } from '../../support/scripted-callbacks.ts';

/** Callbacks over a delegate that keeps what is passed to it. */
function setUp() {
  const passed: PassedCall[] = [];
  const heard: string[] = [];
  const keep = (each: PassedCall) => {
    const number = passed.push(each);
    const cancelled = ({ reason }: Cancelled) => void heard.push(`${number} ${reason}`);
    each.listener = { cancelled };
  };
  const delegate: PassingDelegate = {
    invokeTool: () => assert.fail('a promise was asked for'),
    notify: () => assert.fail('a promise was asked for'),
    passCall: (_call, each) => keep(each),
    passNotification: (_notification, each) => keep(each),
  };
  return { ...scriptedCallbacks(delegate), passed, heard };
}

describe('A call that is passed on', () => {
  it('is answered in place, with a result or a failure', async () => {
    const { call, passed, ended, callbacks } = setUp();
    const [first, second] = [call('a'), call('b')];
    passed[1]!.failed(new Error('no'));
    passed[0]!.answered({ n: 1 });
    assert.deepEqual(ended, ['tool-2 false', 'tool-1 true']);
    assert.ok(callbacks.idle);
    assert.deepEqual(await first, { ok: true, text: '{"n":1}' });
    assert.deepEqual(await second, { ok: false, text: 'no' });
  });

  it('may be answered while it is passed on', async () => {
    const delegate: PassingDelegate = {
      invokeTool: () => assert.fail(),
      notify: () => assert.fail(),
      passCall: (_call, passed) => passed.answered(1),
      passNotification: (_notification, passed) => passed.failed(new Error('deaf')),
    };
    const { call, notify, callbacks } = scriptedCallbacks(delegate);
    assert.deepEqual(await call('a'), { ok: true, text: '1' });
    await notify('note');
    assert.ok(callbacks.idle);
  });

  it('waits for room for its answer', async () => {
    const { call, passed, ended, room, budget } = setUp();
    const free = Promise.withResolvers<boolean>();
    room.full = free.promise;
    const answer = call('a');
    passed[0]!.answered(1);
    assert.deepEqual([ended, budget.waiting > 0], [[], true]);
    free.resolve(true);
    assert.deepEqual(await answer, { ok: true, text: '1' });
    assert.equal(budget.waiting, 0);
  });

  it('hears of its cancellation in place, once, like a notification, and may answer it then', async () => {
    const { call, notify, passed, heard, callbacks, counts } = setUp();
    void call('a');
    void notify('note');
    void call('b');
    passed[2]!.listener = { cancelled: (reason) => passed[2]!.failed(reason) };
    const over = callbacks.cancel('shutdown');
    assert.deepEqual(heard, ['1 shutdown', '2 shutdown']);
    assert.deepEqual(
      passed.map(({ reason }) => reason?.reason),
      ['shutdown', 'shutdown', 'shutdown'],
    );
    assert.equal(await isSettled(over), false);
    passed[0]!.answered(1);
    passed[1]!.answered(undefined);
    await over;
    assert.deepEqual(heard, ['1 shutdown', '2 shutdown']);
    assert.deepEqual(counts, { abandoned: 0, late: 0 });
  });

  it('is abandoned after the grace period, and its late answer is dropped and counted', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { call, passed, ended, callbacks, counts } = setUp();
    void call('a');
    const over = callbacks.cancel('terminate');
    t.mock.timers.tick(100);
    await over;
    assert.deepEqual(counts, { abandoned: 1, late: 0 });
    passed[0]!.answered(1);
    assert.deepEqual([ended, counts], [[], { abandoned: 1, late: 1 }]);
  });

  it('is cancelled by the signal of whoever awaits it', async () => {
    const controller = new AbortController();
    const heard: unknown[] = [];
    const answer = awaitPassed((passed) => {
      passed.listener = {
        cancelled: (reason) => {
          heard.push(reason, passed.reason);
          passed.failed(reason);
        },
      };
    }, controller.signal);
    const reason = new Cancelled('terminate');
    controller.abort(reason);
    await assert.rejects(answer, reason);
    assert.deepEqual(heard, [reason, reason]);
    assertNoListeners(controller.signal);
  });

  it('has a promise and an AbortSignal where the delegate does not pass calls on', async () => {
    const { callbacks, call, delegate } = scriptedCallbacks();
    void call('block');
    await callbacks.cancel('terminate');
    assert.ok(delegate.signals[0] instanceof AbortSignal);
  });
});
