import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryLedger, type Suspect } from '../../../sandbox/process/memory-ledger.ts';

const MIB = 1 << 20;
const never = () => new Promise<number>(() => {});

/** A program whose time inside and memory the test sets. */
class FakeSuspect implements Suspect {
  insideMs = 0;
  /** What it answers; null where it does not rest. */
  counted: number | null = 0;

  get resting(): boolean {
    return this.counted !== null;
  }

  usedBytes(): Promise<number> {
    return this.counted === null ? never() : Promise.resolve(this.counted);
  }
}

function setup(count: number) {
  const machine = { bytes: 50 * MIB };
  const ledger = new MemoryLedger(() => machine.bytes);
  const suspects = Array.from({ length: count }, () => new FakeSuspect());
  suspects.forEach((suspect, id) => {
    ledger.add(id, suspect);
  });
  /** Some run for 10 ms, and the process grows by so many MiB. */
  const pass = (mib: number, ...running: readonly number[]) => {
    for (const id of running) suspects[id]!.insideMs += 10;
    machine.bytes += mib * MIB;
    ledger.sample();
  };
  return { ledger, suspects, pass };
}

describe('MemoryLedger', () => {
  it('has nobody to name where nothing runs', async () => {
    assert.equal(await setup(0).ledger.heaviest(), null);
  });

  it('believes programs at rest what V8 counts for them', async () => {
    const { ledger, suspects } = setup(3);
    suspects[1]!.counted = 5 * MIB;
    suspects[2]!.counted = 2 * MIB;
    assert.equal(await ledger.heaviest(), 1);
  });

  it('does not wait for one that is too slow to answer', async () => {
    const { ledger, suspects, pass } = setup(2);
    suspects[0]!.counted = MIB;
    suspects[1]!.usedBytes = never;
    pass(2, 1);
    assert.equal(await ledger.heaviest(), 1);
  });

  it('puts growth down to the one that ran', async () => {
    const { ledger, suspects, pass } = setup(3);
    pass(100, 2);
    pass(20, 0);
    suspects[2]!.counted = null;
    suspects[0]!.counted = null;
    assert.equal(await ledger.heaviest(), 2);
  });

  it('names one that rests and is heavy before one that runs and is not', async () => {
    const { ledger, suspects, pass } = setup(2);
    pass(300, 0);
    suspects[0]!.counted = 300 * MIB;
    pass(10, 1);
    suspects[1]!.counted = null;
    assert.equal(await ledger.heaviest(), 0);
  });

  it('finds memory that V8 does not know of', async () => {
    const { ledger, suspects, pass } = setup(3);
    pass(200, 1);
    suspects[0]!.counted = 50 * MIB;
    assert.equal(await ledger.heaviest(), 1);
    pass(150, 2);
    suspects[2]!.counted = null;
    assert.equal(await ledger.heaviest(), 1);
  });

  it('tells one that grows from one that only spins', async () => {
    const { ledger, suspects, pass } = setup(2);
    for (const suspect of suspects) suspect.counted = null;
    for (let n = 0; n < 20; n += 1) pass(0, 0);
    for (let n = 0; n < 20; n += 1) pass(10, 0, 1);
    assert.equal(await ledger.heaviest(), 1);
  });

  it('puts the memory that a program leaves behind down to nobody', async () => {
    const { ledger, suspects, pass } = setup(3);
    for (const suspect of suspects) suspect.counted = null;
    pass(100, 0);
    pass(200, 1);
    pass(90, 2);
    ledger.remove(1);
    pass(-200, 0);
    assert.equal(await ledger.heaviest(), 0);
  });

  it('takes back what a program gave back', async () => {
    const { ledger, suspects, pass } = setup(2);
    for (const suspect of suspects) suspect.counted = null;
    pass(200, 0);
    pass(100, 1);
    pass(-150, 0);
    assert.equal(await ledger.heaviest(), 1);
  });

  it('does not look at a program that is alone and over at once', (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
    const ledger = new MemoryLedger(() => assert.fail('it looked'));
    for (let id = 0; id < 10; id += 1) {
      ledger.add(id, new FakeSuspect());
      t.mock.timers.tick(10);
      ledger.remove(id);
    }
    t.mock.timers.tick(1_000);
  });

  it('does not put down to a program what the process used before it came', async () => {
    const { ledger, suspects, pass } = setup(1);
    for (const suspect of suspects) suspect.counted = null;
    ledger.remove(0);
    pass(500, 0);
    const late = [new FakeSuspect(), new FakeSuspect()];
    for (const [at, suspect] of late.entries()) {
      suspect.counted = null;
      suspect.insideMs = 5;
      ledger.add(at + 1, suspect);
    }
    late[1]!.insideMs += 10;
    pass(50);
    assert.equal(await ledger.heaviest(), 2);
  });

  it('looks by itself while there are several, and not for one alone', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
    let looks = 0;
    const ledger = new MemoryLedger(() => {
      looks += 1;
      return 0;
    });
    ledger.add(1, new FakeSuspect());
    t.mock.timers.tick(100);
    assert.equal(looks, 1);
    ledger.add(2, new FakeSuspect());
    t.mock.timers.tick(100);
    assert.equal(looks, 6);
    ledger.remove(1);
    t.mock.timers.tick(100);
    assert.equal(looks, 6);
  });
});
