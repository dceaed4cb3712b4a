import type { Bridge, GuestLimits, StartConfig } from './bridge-types.ts';
import type { Failures } from './failures.ts';
import type { Intrinsics } from './intrinsics.ts';
import type { Json } from './json.ts';

/** A call that has no answer yet. */
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** Of its tool. */
  readonly index: number;
}

/** `tools` and `ALL_TOOLS`, and the unanswered calls. Uses nothing from outside itself. */
export function makeToolCalls(
  k: Intrinsics,
  failures: Failures & { readonly bare: boolean },
  json: Json,
  bridge: Bridge,
  limits: GuestLimits,
) {
  const BATCH = 64;
  const BATCH_LENGTH = 65_536;
  /** Larger blocks would be taken from the system, and given back to it, for each call. */
  const PIECE_LENGTH = 32_768;
  const waiting = new k.Map();
  /** Without a prototype: a program can add to it. */
  const ordinary = k.create(null) as PropertyDescriptor;
  ordinary.value = undefined;
  let tools: StartConfig['tools'];
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

  /** @returns What stands for the text in its call. */
  function sendPieces(text: string): number {
    for (let at = 0; at < text.length; at += PIECE_LENGTH) {
      bridge.up('piece', k.slice(text, at, at + PIECE_LENGTH));
    }
    return text.length;
  }

  function gather(id: number, index: number, input: string | undefined): void {
    const length = input === undefined ? 0 : input.length;
    const isLong = length > 2 * PIECE_LENGTH;
    // The calls before it go first.
    const sent = isLong ? sendPieces(input!) : input;
    batch[batch.length] = id;
    batch[batch.length + 1] = index;
    batch[batch.length + 2] = sent;
    batch.length += 3;
    batchLength += length;
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
      k.mapSet(waiting, id, { resolve, reject, index });
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
    tools = config.tools;
    const functions: { [identifier: string]: unknown } = {};
    const all: { name: string; description: string }[] = [];
    for (let at = 0; at < tools.length; at += 1) {
      const { identifier, description } = tools[at]!;
      const value = toolFunction(at);
      k.defineProperty(value, 'name', { value: identifier });
      k.defineProperty(functions, identifier, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      all[at] = { name: identifier, description };
    }
    return { tools: functions, all };
  }

  /**
   * Rejects a call in a job of its own, and then goes on.
   *
   * V8 finds out who awaits a call only in a job that the promise of the call waits for. That costs
   * nothing until a call fails, while noting the place of each call would cost as much as the call.
   */
  async function rejectLater(call: Waiting, text: string, goOn: () => void): Promise<void> {
    await undefined;
    call.reject(failures.toToolRejection(text, tools[call.index]!.identifier));
    goOn();
  }

  function take(id: number): Waiting | undefined {
    const call = k.mapGet(waiting, id) as Waiting | undefined;
    if (call === undefined) return undefined;
    k.mapDelete(waiting, id);
    pending -= 1;
    return call;
  }

  function resolve(id: number, value: unknown): void {
    take(id)?.resolve(value);
  }

  /**
   * Rejects a call.
   *
   * @param goOn Called when the call is settled, if that is later: what is settled after it must wait.
   * @returns Whether it is settled already.
   */
  function reject(id: number, text: string, goOn: () => void): boolean {
    const call = take(id);
    if (call === undefined) return true;
    if (failures.bare) {
      call.reject(text);
      return true;
    }
    const job = rejectLater(call, text, goOn);
    // So that `then` makes an ordinary promise, whatever the program made of promises.
    k.defineProperty(job, 'constructor', ordinary);
    k.promiseThen(job, call.resolve, call.reject);
    return false;
  }

  return { __proto__: null, begin, resolve, reject, flush };
}
