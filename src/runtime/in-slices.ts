import { Fifo } from '../collections/fifo.ts';

/** How long slices keep the event loop busy in one turn, in milliseconds, unless few steps take longer. */
const SLICE_MS = 5;
/** The clock is read after so many steps: reading costs time, and few steps never wait on a busy machine. */
const STEPS_A_LOOK = 32;

/** Work that is done step by step. */
interface Work {
  /** @returns Whether there was something left to do. */
  readonly step: () => boolean;
  readonly over: () => void;
}

const waiting = new Fifo<Work>();
/** When the work of this turn pauses; null before there was any. */
let pauseAtMs: number | null = null;
let stepsOfTurn = 0;
let isWorking = false;

/**
 * Does work in place, as much as fits in this turn of the event loop with the work of others. The rest
 * follows in the next turns, first come, first served.
 *
 * @param step Does the next piece. Returns false if nothing was left to do. Must not throw.
 * @returns Null if all is done; otherwise resolves when it is.
 */
export function inSlices(step: () => boolean): Promise<void> | null {
  let isOver = false;
  const { promise, resolve } = Promise.withResolvers<void>();
  const over = () => {
    isOver = true;
    resolve();
  };
  waiting.push({ step, over });
  work();
  return isOver ? null : promise;
}

function work(): void {
  if (isWorking) return;
  if (pauseAtMs === null) setImmediate(nextTurn);
  pauseAtMs ??= performance.now() + SLICE_MS;
  isWorking = true;
  for (let first = waiting.peek(); first !== undefined; first = waiting.peek()) {
    const looks = stepsOfTurn > 0 && stepsOfTurn % STEPS_A_LOOK === 0;
    if (looks && performance.now() >= pauseAtMs) break;
    stepsOfTurn += 1;
    if (first.step()) continue;
    waiting.shift();
    first.over();
  }
  isWorking = false;
}

function nextTurn(): void {
  pauseAtMs = null;
  stepsOfTurn = 0;
  if (waiting.size > 0) work();
}
