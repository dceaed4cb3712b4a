import { type Created, type Creation, claimCreated } from '../../src/routing/claim-created.ts';
import type { PendingRouter } from '../../src/routing/pending-router.ts';
import { Reader, type Words } from './word-router.ts';

/** A valid answer of the scripted peer. */
export interface Made {
  readonly id: string;
  readonly url?: string;
}

/** A creation whose peer follows the test, and which records its calls. */
export class ScriptedCreation implements Creation<Words, Made> {
  readonly askedId: string | undefined;
  readonly guard: NonNullable<Creation<Words, Made>['guard']>;
  readonly reader = new Reader();
  readonly log: string[] = [];
  readonly leaks: (string | undefined)[] = [];
  /** What `destroy` waits for. */
  destroying: () => Promise<void> = async () => {};
  onAccept: () => void = () => {};
  onSend: () => void = () => {};
  readonly controller = new AbortController();
  readonly #sent = Promise.withResolvers<void>();
  #onResult: (result: unknown) => void = () => {};

  constructor(askedId?: string, guard: Creation<Words, Made>['guard'] = {}) {
    this.askedId = askedId;
    this.guard = guard;
  }

  get sink() {
    return this.reader.sink;
  }

  start(router: PendingRouter<Words>): Promise<Created<Words, Made>> {
    const created = claimCreated(router, this, this.controller.signal);
    created.catch(() => {});
    return created;
  }

  /** The peer answers with a result. */
  answer(result: unknown): void {
    this.#onResult(result);
    this.#sent.resolve();
  }

  /** The peer answers with an error, or is gone. */
  fail(error: Error): void {
    this.#sent.reject(error);
  }

  /** The request ends, without a result if there was none. */
  end(): void {
    this.#sent.resolve();
  }

  send(onResult: (result: unknown) => void): Promise<void> {
    this.log.push('send');
    this.#onResult = onResult;
    this.onSend();
    return this.#sent.promise;
  }

  decode(result: unknown): Made {
    if (typeof result !== 'object' || result === null || !('id' in result) || 'odd' in result) {
      throw new TypeError('Cannot understand the answer');
    }
    return result as Made;
  }

  idOf({ id }: Made): string {
    return id;
  }

  findId(result: unknown): string | undefined {
    return (result as { id?: string }).id;
  }

  accept({ id }: Made): void {
    this.log.push(`accept ${id}`);
    this.onAccept();
  }

  async destroy(id: string): Promise<void> {
    this.log.push(`destroy ${id}`);
    await this.destroying();
  }

  onLeak(id: string | undefined): void {
    this.leaks.push(id);
  }
}
