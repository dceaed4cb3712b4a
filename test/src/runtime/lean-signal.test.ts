import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import {
  type CallSignal,
  type LeanDelegate,
  LeanSignal,
} from '../../../src/runtime/lean-signal.ts';
import { scriptedCallbacks } from '../../support/scripted-callbacks.ts';

const CONTROLLERS = {
  AbortController: () => new AbortController(),
  LeanSignal: () => new LeanSignal(),
};

/** A listener that keeps what its signal said whenever it heard of it. */
function listenerOf(signal: CallSignal) {
  const heard: [boolean, string][] = [];
  return { heard, handleEvent: () => void heard.push([signal.aborted, signal.reason.reason]) };
}

for (const [name, make] of Object.entries(CONTROLLERS)) {
  describe(`The signal of a call, from ${name}`, () => {
    function setUp() {
      const controller = make();
      const signal: CallSignal = controller.signal;
      const listener = listenerOf(signal);
      const listen = () => signal.addEventListener('abort', listener, { once: true });
      return { controller, signal, listener, listen, heard: listener.heard };
    }

    it('has not aborted at first', () => {
      const { signal } = setUp();
      assert.deepEqual([signal.aborted, signal.reason], [false, undefined]);
    });

    it('has aborted, and says why, when its listener hears of it', () => {
      const { controller, listen, heard } = setUp();
      listen();
      controller.abort(new Cancelled('terminate'));
      assert.deepEqual(heard, [[true, 'terminate']]);
    });

    it('aborts once', () => {
      const { controller, signal, listen, heard } = setUp();
      listen();
      controller.abort(new Cancelled('terminate'));
      controller.abort(new Cancelled('shutdown'));
      assert.equal(heard.length, 1);
      assert.equal(signal.reason.reason, 'terminate');
    });

    it('tells nothing to a listener that was removed, or came too late', () => {
      const { controller, signal, listener, listen, heard } = setUp();
      listen();
      signal.removeEventListener('abort', listener);
      controller.abort(new Cancelled('terminate'));
      listen();
      assert.deepEqual(heard, []);
    });

    it('keeps its listener if another one is removed', () => {
      const { controller, signal, listen, heard } = setUp();
      listen();
      signal.removeEventListener('abort', listenerOf(signal));
      controller.abort(new Cancelled('terminate'));
      assert.equal(heard.length, 1);
    });

    it('may be aborted again by its listener', () => {
      const { controller, signal } = setUp();
      let heard = 0;
      const handleEvent = () => {
        heard += 1;
        controller.abort(new Cancelled('shutdown'));
      };
      signal.addEventListener('abort', { handleEvent }, { once: true });
      controller.abort(new Cancelled('terminate'));
      assert.deepEqual([heard, signal.reason.reason], [1, 'terminate']);
    });
  });
}

describe('A LeanSignal', () => {
  it('refuses a second listener, which it could not keep', () => {
    const signal = new LeanSignal();
    signal.addEventListener('abort', listenerOf(signal));
    assert.throws(() => signal.addEventListener('abort', listenerOf(signal)), /twice/);
  });

  it('is what a lean delegate gets, and hears of a cancellation', async () => {
    const signals: CallSignal[] = [];
    const untilAborted = (signal: CallSignal) => {
      signals.push(signal);
      return new Promise<void>((resolve) =>
        signal.addEventListener('abort', { handleEvent: resolve }, { once: true }),
      );
    };
    const delegate: LeanDelegate = {
      isLean: true,
      invokeTool: (_call: unknown, signal: CallSignal) => untilAborted(signal),
      notify: (_notification: unknown, signal: CallSignal) => untilAborted(signal),
    };
    const { callbacks, call, notify, counts } = scriptedCallbacks(delegate);
    void call('any');
    void notify('note');
    await callbacks.cancel('shutdown');
    assert.deepEqual(
      signals.map((signal) => [signal instanceof LeanSignal, signal.aborted, signal.reason.reason]),
      [
        [true, true, 'shutdown'],
        [true, true, 'shutdown'],
      ],
    );
    assert.deepEqual(counts, { abandoned: 0, late: 0 });
  });

  it('is not what any other delegate gets', async () => {
    const { callbacks, call, delegate } = scriptedCallbacks();
    void call('block');
    await callbacks.cancel('terminate');
    assert.ok(delegate.signals[0] instanceof AbortSignal);
  });
});
