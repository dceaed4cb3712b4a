import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { EngineChild } from '../../../sandbox/process/engine-child.ts';

/** A stream that only ends when it is told to. */
class Stream extends EventEmitter {
  destroy(): void {}

  unref(): void {}
}

/** A process of which the system reports what the test says, and what was heard of it. */
function setup() {
  const [stderr, pipe] = [new Stream(), new Stream()];
  const child = Object.assign(new EventEmitter(), { stdio: [null, null, stderr, pipe] });
  const heard: string[] = [];
  const spawn = () => child as unknown as ChildProcess;
  new EngineChild(
    { nodePath: process.execPath, launch: [], spawn },
    {
      reader: { push: () => {}, room: null, filled: () => {} },
      onDrain: () => {},
      onMute: () => heard.push('mute'),
      onExit: (how) => heard.push(how),
    },
  );
  return { child, pipe, heard };
}

/** How many timers keep this process running. */
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('A child process', () => {
  it('that closes its pipe and runs on is told of half a second later', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
    const { pipe, heard } = setup();
    pipe.emit('close');
    t.mock.timers.tick(499);
    assert.deepEqual(heard, []);
    t.mock.timers.tick(2);
    assert.deepEqual(heard, ['mute']);
  });

  for (const first of ['exit', 'pipe']) {
    it(`that has ended keeps its host running no longer: its ${first} is reported first`, () => {
      const before = timers();
      const { child, pipe, heard } = setup();
      const reports = [() => child.emit('exit', null, 'SIGKILL'), () => pipe.emit('close')];
      for (const report of first === 'exit' ? reports : reports.reverse()) report();
      child.emit('close');
      assert.deepEqual(heard, ['was ended by SIGKILL']);
      assert.equal(timers(), before);
    });
  }
});
