import { randomBytes } from 'node:crypto';
import ivm from 'isolated-vm';
import { webGlobalsScript } from '../../sandbox/source/bootstrap-source.ts';

/** A bare context with the web globals, to compare what they compute with what Node.js does. */
export class WebContext implements Disposable {
  readonly #isolate = new ivm.Isolate({ memoryLimit: 256 });
  readonly #context = this.#isolate.createContextSync();

  constructor() {
    const { code, filename } = webGlobalsScript();
    const script = this.#isolate.compileScriptSync(code, { filename });
    const install = script.runSync(this.#context, { reference: true });
    const random = () => randomBytes(1_024).toString('hex');
    install.applySync(undefined, [new ivm.Callback(random, { sync: true })]);
  }

  /**
   * Runs a function here and in the context, with the same input.
   *
   * @param work Uses globals alone. Input and output are JSON.
   * @returns What it returned there and here; for an error its name.
   */
  both<T>(work: (input: T) => unknown, input: T): readonly [there: unknown, here: unknown] {
    const source = `(json) => {
      const work = ${String(work)};
      try { return JSON.stringify({ value: work(JSON.parse(json)) }) }
      catch (error) { return JSON.stringify({ error: error.name }) }
    }`;
    const run = this.#context.evalSync(source, { reference: true });
    try {
      const there = run.applySync(undefined, [JSON.stringify(input)]);
      return [JSON.parse(there as string), here(work, JSON.stringify(input))];
    } finally {
      run.release();
    }
  }

  [Symbol.dispose](): void {
    this.#isolate.dispose();
  }
}

function here<T>(work: (input: T) => unknown, json: string): unknown {
  try {
    return JSON.parse(JSON.stringify({ value: work(JSON.parse(json)) }));
  } catch (error) {
    return { error: (error as Error).name };
  }
}
