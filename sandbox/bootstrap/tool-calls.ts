import type { Bridge, GuestLimits, StartConfig } from './bridge-types.ts';
import type { Failures } from './failures.ts';
import type { Intrinsics } from './intrinsics.ts';
import type { Json } from './json.ts';

/** `tools` and `ALL_TOOLS`, and the unanswered calls. Uses nothing from outside itself. */
export function makeToolCalls(
  k: Intrinsics,
  failures: Failures,
  json: Json,
  bridge: Bridge,
  limits: GuestLimits,
) {
  const BATCH = 64;
  const BATCH_LENGTH = 65_536;
  const waiting = new k.Map();
  let last = 0;
  let pending = 0;
  let batch = newBatch();
  let batchLength = 0;
  let scheduled = false;

  /** Not an array: a program can change how arrays behave. */
  function newBatch(): { [at: number]: string | number | undefined; length: number } {
    const values = k.create(null);
    values[0] = 'calls';
    values.length = 1;
    return values;
  }

  /** Sends the gathered calls. Every other message to the host goes after them. */
  function flush(): void {
    if (batch.length === 1) return;
    const calls = batch;
    batch = newBatch();
    batchLength = 0;
    bridge.upMany(calls);
  }

  /** A program cannot see an answer before its next microtask, so its calls can wait until then. */
  async function flushSoon(): Promise<void> {
    scheduled = true;
    await undefined;
    scheduled = false;
    flush();
  }

  function gather(id: number, index: number, input: string | undefined): void {
    batch[batch.length] = id;
    batch[batch.length + 1] = index;
    batch[batch.length + 2] = input;
    batch.length += 3;
    batchLength += input === undefined ? 0 : input.length;
    if (batch.length > BATCH * 3 || batchLength >= BATCH_LENGTH) flush();
    else if (!scheduled) void flushSoon();
  }

  function call(index: number, input: string | undefined): Promise<unknown> {
    if (pending >= limits.maxPendingCalls) {
      return failures.fail(
        `too many tool calls at once: ${pending} are pending, the limit is ${limits.maxPendingCalls} (maxPendingCalls)`,
      );
    }
    last += 1;
    pending += 1;
    const id = last;
    return new k.Promise((resolve, reject) => {
      k.mapSet(waiting, id, { resolve, reject });
      gather(id, index, input);
    });
  }

  function toolFunction(index: number) {
    function tool(input?: unknown): Promise<unknown> {
      return call(index, input === undefined ? undefined : json.encode(input));
    }
    return tool;
  }

  function begin(config: StartConfig) {
    const tools: { [identifier: string]: unknown } = {};
    const all: { name: string; description: string }[] = [];
    for (let at = 0; at < config.tools.length; at += 1) {
      const { identifier, description } = config.tools[at]!;
      const value = toolFunction(at);
      k.defineProperty(value, 'name', { value: identifier });
      k.defineProperty(tools, identifier, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      all[at] = { name: identifier, description };
    }
    return { tools, all };
  }

  function settle(id: number, ok: boolean, value: unknown): void {
    const call = k.mapGet(waiting, id) as
      | { resolve: (value: unknown) => void; reject: (reason: unknown) => void }
      | undefined;
    if (call === undefined) return;
    k.mapDelete(waiting, id);
    pending -= 1;
    if (ok) call.resolve(value);
    else call.reject(failures.toRejection(k.String(value)));
  }

  return { begin, settle, flush };
}
