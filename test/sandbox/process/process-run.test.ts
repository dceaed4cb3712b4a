import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import { ProcessRun } from '../../../sandbox/process/process-run.ts';
import type { ProgramEnd, SandboxRun } from '../../../src/sandbox.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

const LOST = { kind: 'lost', text: 'lost' } as const;

/** A run that notes what it is told. */
class NotedRun implements SandboxRun {
  readonly said: string[] = [];
  readonly end = Promise.withResolvers<ProgramEnd>();
  readonly ended = this.end.promise;
  hold = () => void this.said.push('hold');
  release = () => void this.said.push('release');
  step = () => void this.said.push('step');
  ref = () => void this.said.push('ref');
  unref = () => void this.said.push('unref');
  pause = () => void this.said.push('pause');
  unpause = () => void this.said.push('unpause');
  notified = () => void this.said.push('notified');
  kill = () => void this.said.push('kill');
  answer = (id: number, ok: boolean, text: unknown) => void this.said.push(`${id} ${ok} ${text}`);
  room = () => Promise.resolve(true);
}

function newRun(): { readonly run: ProcessRun; readonly over: string[] } {
  const over: string[] = [];
  const run = new ProcessRun(1, { tools: [], hold: false }, new RecordingCalls(), {
    limits: DEFAULT_SANDBOX_LIMITS,
    send: () => {},
    room: () => null,
    onRef: () => {},
    onOver: (_id, how) => over.push(how),
  });
  return { run, over };
}

describe('A run whose process hangs before its program begins', () => {
  it('tells the next one what it was told, in order, and what comes later', async () => {
    const { run, over } = newRun();
    run.hold();
    run.unref();
    run.step();
    const successor = new NotedRun();
    run.lose(LOST, successor);
    assert.deepEqual(successor.said.splice(0), ['hold', 'unref', 'step']);
    run.release();
    run.ref();
    run.pause();
    run.unpause();
    run.notified();
    run.answer(3, true, '7');
    assert.equal(await run.room(), true);
    run.kill();
    const later = ['release', 'ref', 'pause', 'unpause', 'notified', '3 true 7', 'kill'];
    assert.deepEqual(successor.said, later);
    assert.deepEqual(over, ['ended']);
  });

  it('ends as the next one ends', async () => {
    const { run } = newRun();
    const successor = new NotedRun();
    run.lose(LOST, successor);
    const end = { failure: null, notes: ['its own'] };
    successor.end.resolve(end);
    assert.equal(await run.ended, end);
  });

  it('is lost if there is no next one', async () => {
    const { run } = newRun();
    run.hold();
    run.lose(LOST);
    assert.deepEqual(await run.ended, { failure: LOST, notes: [] });
    assert.equal(run.room(), null);
  });
});
