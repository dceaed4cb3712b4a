import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';

/** A sandbox process that exists only as far as its host can tell. What it says is emitted as `data` of its pipe. */
export function fakeProcess() {
  const silent = { ref: () => {}, unref: () => {}, destroy: () => {} };
  const stream = () => Object.assign(new EventEmitter(), silent);
  let isPaused = false;
  const pipe = Object.assign(stream(), {
    writable: true,
    /** Bytes that it does not read. */
    writableLength: 0,
    write: () => true,
    isPaused: () => isPaused,
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
    },
  });
  const stdio = [null, null, stream(), pipe];
  const child = Object.assign(new EventEmitter(), { ...silent, stdio, kill: () => true, pid: 1 });
  return { pipe, child: child as unknown as ChildProcess };
}
