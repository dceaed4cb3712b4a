import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Closings } from '../../../../host/grpc/client/closings.ts';

type Step = 'call' | 'note' | 'delivered' | 'closed';

/** All steps of one cell, in an order in which its streams may bring them. */
const play = fc.record({ calls: fc.nat(5), notes: fc.nat(4) }).chain(({ calls, notes }) => {
  const steps: Step[] = [
    ...Array<Step>(calls).fill('call'),
    ...Array<Step>(notes).fill('note'),
    ...Array<Step>(notes).fill('delivered'),
    'closed',
  ];
  return fc
    .shuffledSubarray(steps, { minLength: steps.length })
    .filter(isPossible)
    .map((order) => ({ calls, order }));
});

/** Notifications come before the end on their stream, and are delivered after they came. */
function isPossible(order: readonly Step[]): boolean {
  let open = 0;
  const end = order.indexOf('closed');
  return order.every((step, at) => {
    if (step === 'note') {
      open += 1;
      return at < end;
    }
    if (step === 'delivered') open -= 1;
    return open >= 0;
  });
}

function take(closings: Closings, step: Step, calls: number): boolean {
  switch (step) {
    case 'call':
      return closings.called('1');
    case 'note':
      closings.notified('1');
      return false;
    case 'delivered':
      return closings.delivered('1');
    case 'closed':
      return closings.closed('1', BigInt(calls));
  }
}

describe('Closings', () => {
  it('end a cell once, behind its last call and notification (property)', () => {
    fc.assert(
      fc.property(play, ({ calls, order }) => {
        const closings = new Closings();
        const ends = order.map((step) => take(closings, step, calls));
        assert.deepEqual(
          ends,
          order.map((_, at) => at === order.length - 1),
        );
        assert.equal(closings.size, 0);
      }),
      { numRuns: 300 },
    );
  });

  it('end a cell that is hurried without its notifications, but with its calls', () => {
    const closings = new Closings();
    closings.notified('1');
    assert.equal(closings.hurry('1'), false);
    assert.equal(closings.closed('1', 1n), false);
    assert.equal(closings.hurry('1'), false);
    assert.equal(closings.called('1'), true);
    assert.equal(closings.delivered('1'), false);
    assert.equal(closings.size, 0);
  });

  it('keep cells apart', () => {
    const closings = new Closings();
    closings.notified('1');
    assert.equal(closings.closed('2', 0n), true);
    assert.equal(closings.closed('1', 0n), false);
    assert.equal(closings.delivered('1'), true);
  });
});
