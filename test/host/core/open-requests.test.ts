import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OpenRequest, OpenRequests } from '../../../host/core/open-requests.ts';
import { settled } from '../../support/gates.ts';

/** Starts requests by name, as a wire without numbers would. */
function setUp(maxRequests: number) {
  const requests = new OpenRequests<string>(maxRequests);
  const started = new Map<string, OpenRequest & { answered(): void }>();
  const failures: string[] = [];
  const start = (id: string, isCancellable = true) =>
    requests.start(id, {
      isCancellable,
      perform: (request) =>
        new Promise((resolve) => started.set(id, { ...request, answered: resolve })),
      fail: (error) => void failures.push(`${id}: ${(error as Error).message}`),
    });
  return { requests, started, failures, start };
}

describe('OpenRequests', () => {
  it('accepts the id of a request once: while it is open, after it, and after a refusal', async () => {
    const { requests, started, start } = setUp(2);
    start('a');
    assert.throws(() => start('a'), /duplicate code-mode request ID a/);
    started.get('a')?.answered();
    await settled();
    assert.throws(() => start('a'), /duplicate/);
    requests.refuse('b');
    assert.throws(() => start('b'), /duplicate/);
  });

  it('fails the request that exceeds the limit, and admits another when one is answered', async () => {
    const { started, failures, start } = setUp(1);
    start('a');
    start('b');
    await settled();
    assert.deepEqual(failures, [
      'b: code-mode host has too many in-flight requests: this connection has 1 (maxRequests)',
    ]);
    started.get('a')?.answered();
    await settled();
    start('c');
    assert.ok(started.has('c'));
  });

  it('cancels only cancellable requests, but everything when the client has left', () => {
    const { requests, started, start } = setUp(3);
    start('wait');
    start('execute', false);
    requests.preempt('execute');
    for (const id of ['wait', 'execute', 'unknown']) requests.cancel(id, new Error('cancelled'));
    const aborted = () => [...started.values()].map(({ cancel }) => cancel.signal.aborted);
    assert.deepEqual(aborted(), [true, false]);
    assert.equal(started.get('execute')?.preempt.signal.aborted, true);
    requests.cancelAll(new Error('left'));
    assert.deepEqual(aborted(), [true, true]);
  });
});
