import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WaitingLine } from '../../../sandbox/process/waiting-line.ts';
import type { ProgramEnd, SandboxRun } from '../../../src/sandbox.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

const END: ProgramEnd = { failure: null, notes: [] };
const [A, B, C] = ['a', 'b', 'c'].map((name) => Symbol(name)) as [symbol, symbol, symbol];

/** A line before a place that takes so many sessions at a time. */
function setup() {
  const state = { room: 0 };
  const placed: string[] = [];
  const seated = new Set<symbol>();
  const line = new WaitingLine(({ source }, _calls, session) => {
    if (!seated.has(session)) {
      if (state.room === 0) return null;
      state.room -= 1;
      seated.add(session);
    }
    placed.push(source);
    const tell = (what: string) => () => void placed.push(`${source} ${what}`);
    const run: SandboxRun = {
      ended: Promise.resolve(END),
      hold: tell('hold'),
      release: tell('release'),
      step: tell('step'),
      room: () => null,
      ref: tell('ref'),
      unref: tell('unref'),
      kill: tell('kill'),
      answer: tell('answer'),
      notified: tell('notified'),
      pause: tell('pause'),
      unpause: tell('unpause'),
    };
    return run;
  });
  return {
    line,
    placed,
    add: (source: string, session: symbol) =>
      line.add(contractProgram(source), new RecordingCalls(), session),
    /** Makes room for so many sessions. */
    async open(room: number) {
      state.room += room;
      line.move();
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

describe('WaitingLine', () => {
  it('serves sessions in their order, and each with all it has waiting', async () => {
    const { line, placed, add, open } = setup();
    for (const name of ['a1', 'a2', 'a3']) add(name, A);
    add('b1', B);
    add('a4', A);
    add('c1', C);
    assert.equal(line.length, 3);
    await open(1);
    assert.deepEqual(placed, ['a1', 'a2', 'a3', 'a4']);
    await open(1);
    assert.deepEqual(placed.slice(4), ['b1']);
    await open(0);
    assert.equal(line.length, 1);
    await open(5);
    assert.deepEqual([placed.at(-1), line.length], ['c1', 0]);
  });

  it('tells a program where it runs what it was told while it waited, and then all else', async () => {
    const { placed, add, open } = setup();
    const run = add('a', A);
    run.hold();
    run.step();
    run.release();
    await open(1);
    run.hold();
    run.kill();
    assert.deepEqual(placed, ['a', 'a hold', 'a step', 'a release', 'a hold', 'a kill']);
    assert.equal(await run.ended, END);
  });

  it('forgets a program that is killed while it waits', async () => {
    const { line, placed, add, open } = setup();
    const first = add('a', A);
    add('b', B);
    first.kill();
    first.kill();
    assert.equal(line.length, 1);
    await open(2);
    assert.deepEqual(placed, ['b']);
  });

  it('ends all that wait when it is closed', async () => {
    const { line, placed, add, open } = setup();
    const runs = [add('a', A), add('b', B)];
    line.close();
    for (const run of runs) assert.match((await run.ended).failure?.text ?? '', /was closed$/);
    await open(2);
    assert.deepEqual([placed, line.length], [[], 0]);
  });
});
