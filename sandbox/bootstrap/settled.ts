/**
 * Installs `as_settled` and `stream_settled`. Evaluated as a separate script without a file name, so
 * that their frames in stacks match the recorded engine. Uses nothing from outside itself.
 */
export function installSettled(): void {
  type Settled = { index: unknown; status: string; value?: unknown; reason?: unknown };
  type Link = { record: Settled; next: Link | null };
  type Queue = { head: Link | null; tail: Link | null; left: number; wake: (() => void) | null };
  const { Map: Maps, Promise: Promises, TypeError: Wrong } = globalThis;
  const { apply } = Reflect;
  const hasKey = Maps.prototype.has;
  const nextOf = Object.getPrototypeOf(drain).prototype.next as () => Promise<
    IteratorResult<Settled>
  >;

  function isMap(value: unknown): boolean {
    try {
      apply(hasKey, value, [undefined]);
      return true;
    } catch {
      return false;
    }
  }

  function put(queue: Queue, record: Settled): void {
    const link = { record, next: null };
    if (queue.tail === null) queue.head = link;
    else queue.tail.next = link;
    queue.tail = link;
    queue.left -= 1;
    queue.wake?.();
  }

  async function watch(queue: Queue, index: unknown, input: unknown): Promise<void> {
    queue.left += 1;
    try {
      const value = await input;
      put(queue, { index, status: 'fulfilled', value });
    } catch (reason) {
      put(queue, { index, status: 'rejected', reason });
    }
  }

  async function* drain(queue: Queue): AsyncGenerator<Settled, void> {
    while (queue.left > 0 || queue.head !== null) {
      const link = queue.head;
      if (link === null) {
        await new Promises<void>((resolve) => {
          queue.wake = resolve;
        });
      } else {
        queue.head = link.next;
        if (queue.head === null) queue.tail = null;
        yield link.record;
      }
    }
  }

  function as_settled(promises: Iterable<unknown>): AsyncGenerator<Settled, void> {
    const queue: Queue = { head: null, tail: null, left: 0, wake: null };
    const keyed = isMap(promises);
    let index = 0;
    for (const promise of promises) {
      const entry = promise as { 0: unknown; 1: unknown };
      if (keyed) void watch(queue, entry[0], entry[1]);
      else void watch(queue, index, promise);
      index += 1;
    }
    return drain(queue);
  }

  async function stream_settled(
    promises: Iterable<unknown>,
    callback: (record: Settled) => unknown,
  ): Promise<void> {
    if (typeof callback !== 'function') throw new Wrong('stream_settled requires a callback');
    const records = as_settled(promises);
    for (;;) {
      const { done, value } = await apply(nextOf, records, []);
      if (done) return;
      await callback(value);
    }
  }

  const globals = globalThis as { [name: string]: unknown };
  globals.as_settled = as_settled;
  globals.stream_settled = stream_settled;
}
