/** What is watched while the main thread cannot. */
export interface InsideWatchOptions {
  /** The memory at which this process ends, in bytes. */
  readonly mostBytes: number;
  /** Written to the standard error before that. */
  readonly lastWords: string;
  /** Called once, when the watch has begun. */
  readonly onReady: () => void;
}

/** The thread's share of the memory that both threads see: whether the main thread is inside an isolate. */
const INSIDE = 0;
/** Whether the watching thread sleeps until the main thread is inside. */
const ASLEEP = 1;

/**
 * In a sandbox process: a thread that watches while the main thread is inside an isolate and hears
 * nothing. It ends the process if that uses too much memory, or if its host has gone.
 */
export class InsideWatch {
  readonly #cells = new Int32Array(new SharedArrayBuffer(8));
  #isReady = false;

  /** Starts the thread, which takes about 20 ms of a processor and 10 MB. */
  start({ mostBytes, lastWords, onReady }: InsideWatchOptions): void {
    // Loaded here, because the first program of a process does not wait for it.
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const { ppid: hostPid } = process;
    const worker = new Worker(`'use strict';(${String(watch)})(require)`, {
      eval: true,
      workerData: { cells: this.#cells, mostBytes, lastWords, hostPid, INSIDE, ASLEEP },
    });
    worker.on('message', () => {
      this.#isReady = true;
      onReady();
    });
    // Without it, every entry is made by a thread.
    worker.on('error', () => {
      this.#isReady = false;
    });
    worker.unref();
  }

  get ready(): boolean {
    return this.#isReady;
  }

  /** The main thread goes inside. */
  enter(): void {
    Atomics.store(this.#cells, INSIDE, 1);
    if (Atomics.load(this.#cells, ASLEEP) === 1) Atomics.notify(this.#cells, INSIDE);
  }

  /** The main thread is back. */
  leave(): void {
    Atomics.store(this.#cells, INSIDE, 0);
  }
}

/** What the thread does. Uses nothing from outside itself. */
function watch(load: NodeJS.Require): void {
  const { workerData, parentPort } = load(
    'node:worker_threads',
  ) as typeof import('node:worker_threads');
  const { writeSync } = load('node:fs') as typeof import('node:fs');
  const { mostBytes, lastWords, hostPid, INSIDE, ASLEEP } = workerData;
  const cells: Int32Array<SharedArrayBuffer> = workerData.cells;
  const LOOK_MS = 50;
  const CLOSE_LOOK_MS = 5;
  const end = (text: string) => {
    if (text !== '') writeSync(2, text);
    process.kill(process.pid, 'SIGKILL');
  };
  parentPort?.postMessage('ready');
  for (let lookMs = LOOK_MS; ; ) {
    Atomics.store(cells, ASLEEP, 1);
    Atomics.wait(cells, INSIDE, 0);
    Atomics.store(cells, ASLEEP, 0);
    Atomics.wait(cells, INSIDE, 1, lookMs);
    if (Atomics.load(cells, INSIDE) === 0) continue;
    if (process.ppid !== hostPid) end('');
    const usedBytes = process.memoryUsage.rss();
    if (usedBytes > mostBytes) end(lastWords);
    lookMs = usedBytes > mostBytes / 2 ? CLOSE_LOOK_MS : LOOK_MS;
  }
}
