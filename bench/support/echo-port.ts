import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A message in either direction. */
export interface Numbered {
  readonly n: number;
}

/** A worker thread that echoes: the cost of a round trip between threads, without isolated-vm. */
export class EchoPort implements AsyncDisposable {
  readonly #worker = new Worker(new URL('echo-worker.ts', import.meta.url));
  #waiting: ((message: Numbered) => void)[] = [];

  constructor() {
    this.#worker.on('message', (message: Numbered) => this.#waiting.shift()?.(message));
  }

  /** Resolves when the thread runs. */
  async ready(): Promise<void> {
    await once(this.#worker, 'online');
    await this.roundTrip({ n: 0 });
  }

  /** Answers arrive in the order of the requests. */
  roundTrip(message: Numbered): Promise<Numbered> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.postMessage(message);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
