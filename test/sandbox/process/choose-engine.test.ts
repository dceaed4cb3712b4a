import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import {
  type Candidate,
  chooseEngine,
  type Situation,
} from '../../../sandbox/process/choose-engine.ts';

const SESSION = Symbol('session');
const OTHER = Symbol('other');

interface Engine extends Candidate {
  readonly name: string;
  readonly idleMs: number;
}

function engine(name: string, parts: Partial<Engine> & { readonly of?: symbol } = {}): Engine {
  const { of, ...rest } = parts;
  return {
    name,
    load: 0,
    starting: 0,
    ready: true,
    access: 'open',
    worn: false,
    sessionCount: of === undefined ? 0 : 1,
    idleMs: 0,
    knows: (session) => session === of,
    ...rest,
  };
}

function choose(living: readonly Engine[], parts: Partial<Situation<Engine>> = {}) {
  const { engine: chosen, ...rest } = chooseEngine({
    session: SESSION,
    living: () => living,
    own: [],
    isBlamed: () => false,
    idleMs: ({ idleMs }) => idleMs,
    maxProcesses: 10,
    sessionsPerProcess: 1,
    ...parts,
  });
  return { ...rest, chosen: chosen?.name ?? null };
}

describe('The process for a program', () => {
  it('is the own one of its session, and among several the one with the fewest starts', () => {
    const own = [engine('a', { starting: 2 }), engine('b', { starting: 1 })];
    assert.deepEqual(choose([...own, engine('idle')], { own }), { chosen: 'b', isTaken: false });
  });

  it('is not an own one that is worn, unless there can be no other', () => {
    const own = [engine('worn', { worn: true, load: 1 })];
    assert.equal(choose([...own, engine('idle')], { own }).chosen, 'idle');
    assert.equal(choose(own, { own }).chosen, null);
    assert.equal(choose(own, { own, maxProcesses: 1 }).chosen, 'worn');
  });

  it('is an idle one: the one it ran in before, or else any', () => {
    const living = [
      engine('busy', { load: 1, of: OTHER, knows: () => false }),
      engine('theirs', { of: OTHER }),
      engine('mine', { of: SESSION }),
    ];
    assert.deepEqual(choose(living), { chosen: 'mine', isTaken: true });
    assert.deepEqual(choose(living.slice(0, 2)), { chosen: 'theirs', isTaken: true });
    assert.deepEqual(choose(living.slice(0, 1)), { chosen: null, isTaken: false });
  });

  it('is one that is ready rather than one that starts', () => {
    const living = [engine('cold', { ready: false }), engine('ready')];
    assert.equal(choose(living).chosen, 'ready');
    assert.equal(choose(living.slice(0, 1)).chosen, 'cold');
  });

  it('is waited for where the last one stops what its session has ended, and others only start', () => {
    const left = engine('left', { load: 1, of: SESSION });
    const cold = engine('cold', { ready: false });
    const patient = { chosen: null, isPatient: true, isTaken: false };
    assert.deepEqual(choose([left, cold]), patient);
    assert.deepEqual(choose([left, cold, engine('ready')]), { chosen: 'ready', isTaken: true });
    assert.deepEqual(choose([left]), { chosen: null, isTaken: false });
    const started = { chosen: 'cold', isTaken: true };
    assert.deepEqual(choose([engine('theirs', { load: 1, of: OTHER }), cold]), started);
    assert.deepEqual(choose([{ ...left, sessionCount: 2 }, cold]), started);
    const worn = { ...left, worn: true };
    assert.deepEqual(choose([worn, cold], { own: [worn] }), started);
  });

  it('is none that another session used in the last second, for one that brought its own down', () => {
    const isBlamed = () => true;
    const warm = engine('warm', { of: OTHER, idleMs: 1_000 });
    assert.equal(choose([warm], { isBlamed }).chosen, null);
    const cold = engine('cold', { of: OTHER, idleMs: 1_001 });
    assert.equal(choose([warm, cold], { isBlamed }).chosen, 'cold');
    assert.equal(choose([warm, engine('spare')], { isBlamed }).chosen, 'spare');
    assert.equal(choose([engine('mine', { of: SESSION })], { isBlamed }).chosen, 'mine');
  });

  it('is shared where sessions share one, or where all are in use: the one with the least to do', () => {
    const living = [engine('busy', { load: 3, of: OTHER }), engine('less', { load: 1, of: OTHER })];
    assert.deepEqual(choose(living), { chosen: null, isTaken: false });
    assert.deepEqual(choose(living, { maxProcesses: 2 }), { chosen: 'less', isTaken: false });
    assert.equal(choose(living, { sessionsPerProcess: 2 }).chosen, 'less');
  });

  it('is a spare where a crowd waits to be started, and says so where there is none', () => {
    const own = [engine('own', { load: 4, starting: 4 })];
    const [spare, cold] = [engine('spare'), engine('cold', { ready: false })];
    const isAlone = availableParallelism() === 1;
    const relieved = { chosen: 'spare', isTaken: true, lacksRelief: false };
    const crowded = { chosen: 'own', isTaken: false, lacksRelief: true };
    const kept = { chosen: 'own', isTaken: false };
    assert.deepEqual(choose([...own, spare], { own }), isAlone ? kept : relieved);
    assert.deepEqual(choose([...own, cold], { own }), isAlone ? kept : crowded);
    assert.deepEqual(choose([...own, spare], { own, maxProcesses: 2 }), kept);
    const calm = [engine('own', { load: 3, starting: 3 })];
    assert.deepEqual(choose([...calm, spare], { own: calm }), kept);
  });
});
