import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type IdleEngine, IdleEngines } from '../../../sandbox/process/idle-engines.ts';

const MIB = 1 << 20;

interface Idle extends IdleEngine {
  readonly name: string;
}

function rulesOf({ spares = 1, maxProgramsPerProcess = 1_000, maxProcessBytes = 1 << 30 } = {}) {
  return { spares, maxProgramsPerProcess, maxProcessBytes };
}

function engineOf(name: string, { programs = 0, usedBytes = MIB, gone = false } = {}): Idle {
  return { name, programs, usedBytes, gone };
}

function namesOf(engines: readonly Idle[]): readonly string[] {
  return engines.map(({ name }) => name);
}

describe('IdleEngines', () => {
  it('know for how long each has been idle', () => {
    const idle = new IdleEngines<Idle>(rulesOf());
    const engine = engineOf('a');
    idle.add(engine, 100);
    assert.equal(idle.forMs(engine, 150), 50);
    idle.became(engine, 140);
    assert.equal(idle.forMs(engine, 150), 10);
    idle.delete(engine);
    assert.equal(idle.forMs(engine, 150), 0);
  });

  it('call one spent that has run three quarters of its programs', () => {
    const idle = new IdleEngines<Idle>(rulesOf());
    const isSpent = (programs: number) => idle.isSpent(engineOf('a', { programs }));
    assert.deepEqual([0, 749, 750, 1_000].map(isSpent), [false, false, true, true]);
  });

  it('tell once which became idle and are large: over a quarter of the limit', () => {
    const idle = new IdleEngines<Idle>(rulesOf());
    const large = engineOf('large', { usedBytes: 256 * MIB + 1 });
    const usual = engineOf('usual', { usedBytes: 256 * MIB });
    const starting = engineOf('starting', { usedBytes: 999 * MIB });
    const taken = engineOf('taken', { usedBytes: 999 * MIB });
    idle.add(starting, 0);
    for (const engine of [large, usual, taken]) idle.became(engine, 0);
    idle.delete(taken);
    assert.deepEqual(namesOf(idle.takeLarge()), ['large']);
    assert.deepEqual(idle.takeLarge(), []);
  });

  it('call none of up to 128 MiB large, whatever the limit', () => {
    const idle = new IdleEngines<Idle>(rulesOf({ maxProcessBytes: MIB }));
    idle.became(engineOf('usual', { usedBytes: 128 * MIB }), 0);
    idle.became(engineOf('large', { usedBytes: 128 * MIB + 1 }), 0);
    assert.deepEqual(namesOf(idle.takeLarge()), ['large']);
  });

  it('give up those that have been idle for long, but for the spares', () => {
    const idle = new IdleEngines<Idle>(rulesOf({ spares: 1 }));
    for (const [at, name] of ['a', 'b', 'c'].entries()) idle.became(engineOf(name), at);
    const { old, areOthersSpares } = idle.unneeded(11, 10);
    assert.deepEqual([namesOf(old), areOthersSpares], [['a'], false]);
    const all = idle.unneeded(100, 10);
    assert.deepEqual([namesOf(all.old), all.areOthersSpares], [['a', 'b'], true]);
  });

  it('give up a spent one rather than the spare that is to take its place', () => {
    const idle = new IdleEngines<Idle>(rulesOf({ spares: 1 }));
    const spent = engineOf('spent', { programs: 800 });
    idle.add(engineOf('spare'), 0);
    idle.became(spent, 95);
    assert.deepEqual(idle.unneeded(100, 10).old, []);
    assert.deepEqual(namesOf(idle.unneeded(200, 10).old), ['spent']);
  });

  it('are not given up twice', () => {
    const idle = new IdleEngines<Idle>(rulesOf({ spares: 0 }));
    idle.became(engineOf('gone', { gone: true }), 0);
    assert.deepEqual(idle.unneeded(100, 10), { old: [], areOthersSpares: true });
  });

  it('keep as many fresh ones as there are to be spares, and give up all other old ones (property)', () => {
    const kinds = fc.record({ isSpent: fc.boolean(), isOld: fc.boolean() });
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 8 }), fc.nat({ max: 3 }), (all, spares) => {
        const idle = new IdleEngines<Idle>(rulesOf({ spares }));
        for (const [at, { isSpent, isOld }] of all.entries()) {
          const engine = engineOf(String(at), { programs: isSpent ? 900 : 10 });
          idle.became(engine, isOld ? 0 : 95);
        }
        const { old, areOthersSpares } = idle.unneeded(100, 10);
        const count = (isSpent: boolean, isOld: boolean) =>
          all.filter((each) => each.isSpent === isSpent && each.isOld === isOld).length;
        const fresh = count(false, true) + count(false, false);
        const surplus = Math.min(count(false, true), Math.max(0, fresh - spares));
        assert.equal(old.length, count(true, true) + surplus);
        assert.ok(old.every(({ name }) => all[Number(name)]!.isOld));
        assert.equal(areOthersSpares, all.length - old.length <= spares);
      }),
    );
  });
});
