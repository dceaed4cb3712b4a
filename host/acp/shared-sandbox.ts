import type { Sandbox } from '../../src/sandbox.ts';

/** A sandbox of several users, which is opened for the first of them. */
export class SharedSandbox implements AsyncDisposable {
  readonly #open: () => Promise<Sandbox>;
  #opening: Promise<Sandbox> | undefined;

  constructor(open: () => Promise<Sandbox>) {
    this.#open = open;
  }

  /** For one user: closing it leaves the others alone. */
  async share(): Promise<Sandbox> {
    this.#opening ??= this.#open();
    const sandbox = await this.#opening;
    const close = async () => {};
    return {
      isolation: sandbox.isolation,
      run: (...program) => sandbox.run(...program),
      release: (session) => sandbox.release(session),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  /** Kills the programs of all users. Safe to call twice. */
  async close(): Promise<void> {
    await (await this.#opening?.catch(() => undefined))?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
