import type { Bridge, Deliver, GuestLimits, Piece, StartConfig, UpKind } from './bridge-types.ts';
import type { makeFailures } from './failures.ts';
import type { watchFinalizers } from './finalizers.ts';
import type { makeInspect } from './inspect.ts';
import type { captureIntrinsics } from './intrinsics.ts';
import type { makeJson } from './json.ts';
import type { makeMedia } from './media.ts';
import type { makeStores } from './stores.ts';
import type { makeTimers } from './timers.ts';
import type { makeToolCalls } from './tool-calls.ts';

/** The other functions of this folder; each arrives as separate source. */
export interface Parts {
  readonly captureIntrinsics: typeof captureIntrinsics;
  readonly makeFailures: typeof makeFailures;
  readonly makeInspect: typeof makeInspect;
  readonly makeJson: typeof makeJson;
  readonly makeMedia: typeof makeMedia;
  readonly makeStores: typeof makeStores;
  readonly makeTimers: typeof makeTimers;
  readonly makeToolCalls: typeof makeToolCalls;
  readonly watchFinalizers: typeof watchFinalizers;
}

/** A program, with names for what only modules have, and functions to report its end. */
type Program = (
  meta: object,
  importModule: () => Promise<never>,
  finish: () => void,
  fail: (error: unknown) => void,
) => Promise<void>;

/** Called by the script of a program, with its configuration as JSON text, whether the host's own thread enters, and the program. */
type Begin = (configJson: string, direct: boolean, program: Program) => void;

/**
 * The isolate's half of the bridge: removes what programs must not have, and prepares what they get.
 * Leaves one global function, `$cellhost$begin`, which removes itself when the program starts. Uses
 * nothing from outside itself.
 *
 * @returns The function with which the host delivers answers and timers.
 */
export function bootstrap(parts: Parts, bridge: Bridge, limits: GuestLimits): Deliver {
  const BARRIER_COUNT = 512;
  const BARRIER_LENGTH = 1 << 20;
  const k = parts.captureIntrinsics();
  const failures = parts.makeFailures(k);
  const json = parts.makeJson(k, failures, limits.maxValueLength);
  const inspect = parts.makeInspect(k, failures, json);
  let sent = 0;
  let sentLength = 0;
  let notifications = 0;
  let ended = false;

  const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);

  /** Waits for the host at intervals, so that a program cannot fill its memory with messages. */
  function account(length: number): void {
    sent += 1;
    sentLength += length;
    if (sent < BARRIER_COUNT && sentLength < BARRIER_LENGTH) return;
    sent = 0;
    sentLength = 0;
    bridge.flush();
  }

  function up(kind: UpKind, a?: string | number, b?: string | number): void {
    calls.flush();
    const length = lengthOf(a) + lengthOf(b);
    if (length > limits.maxValueLength) {
      const bound = `the limit is ${limits.maxValueLength} (maxValueLength)`;
      failures.fail(`${kind}: a value of ${length} characters is too large, ${bound}`);
    }
    bridge.up(kind, a, b);
    account(length);
  }

  function upMany(values: ArrayLike<string | number | undefined>): void {
    let length = 0;
    for (let at = 1; at < values.length; at += 1) length += lengthOf(values[at]);
    bridge.upMany(values);
    account(length);
  }

  const { flush, fetch, enteredDirectly } = bridge;
  const guarded = { __proto__: null, up, upMany, flush, fetch, enteredDirectly };
  const calls = parts.makeToolCalls(k, failures, json, guarded, limits);
  const timers = parts.makeTimers(k, failures, guarded, limits);
  const stores = parts.makeStores(k, failures, json, guarded, limits);
  const media = parts.makeMedia(k, failures, json, guarded);

  function show(value: unknown): string {
    return failures.bare ? json.show(value) : inspect.show(value);
  }

  // Helpers can be called with `new`, as in the recorded engine.
  function text(value: unknown): void {
    up('text', show(value));
  }

  function notify(value: unknown): void {
    const shown = show(value);
    if (k.trim(shown) === '') failures.fail('notify expects non-empty text');
    if (notifications >= limits.maxPendingNotifications) {
      failures.fail(
        `notify: ${notifications} notifications are pending, the limit is ${limits.maxPendingNotifications} (maxPendingNotifications)`,
      );
    }
    up('notify', shown);
    notifications += 1;
  }

  /**
   * From now on, the host ignores whatever the program says, and stops it soon. What this throws brings
   * most programs to their end by themselves, so that their isolate can be used again.
   */
  function exit(): never {
    up('exit');
    throw k.create(null);
  }

  function end(failure: string | undefined): void {
    if (ended) return;
    ended = true;
    up('end', failure);
  }

  function makeConsole() {
    const log = (...values: readonly unknown[]): void => {
      if (!failures.bare) return up('text', inspect.format(values));
      let line = '';
      for (let at = 0; at < values.length; at += 1)
        line += (at > 0 ? ' ' : '') + json.show(values[at]);
      up('text', line);
    };
    return { log, info: log, warn: log, error: log, debug: log };
  }

  const globals = globalThis as { [name: string]: unknown };
  delete globals.console;
  delete globals.WebAssembly;
  delete globals.SharedArrayBuffer;
  delete globals.Atomics;
  delete globals.Temporal;
  parts.watchFinalizers(k, bridge);

  function yield_control(): void {
    up('yield');
  }
  globals.clearTimeout = timers.clearTimeout;
  globals.setTimeout = timers.setTimeout;
  globals.text = text;
  globals.content = media.content;
  globals.image = media.image;
  globals.audio = media.audio;
  globals.generatedImage = media.generatedImage;
  globals.store = stores.store;
  globals.load = stores.load;
  globals.notify = notify;
  globals.yield_control = yield_control;
  globals.exit = exit;
  k.defineProperty(k.Error, 'prepareStackTrace', {
    value: failures.prepareStackTrace,
    writable: true,
    configurable: true,
  });

  const fail = (error: unknown): void => end(failures.describe(error));
  const finish = (): void => end(undefined);
  const importModule = async (): Promise<never> => failures.fail('unsupported import in exec');

  /**
   * A program reports its own end, because its promise cannot be awaited reliably: a program can
   * change how promises are awaited.
   */
  async function run(program: Program): Promise<void> {
    await undefined;
    void program(k.create(null) as object, importModule, finish, fail);
  }

  const begin: Begin = (configJson, direct, program) => {
    delete globals.$cellhost$begin;
    enteredDirectly(direct);
    up('begun');
    const config = k.parse(configJson) as StartConfig;
    failures.bare = config.toolErrors === 'string';
    if (!failures.bare) failures.show = inspect.show;
    stores.begin(config);
    const { tools, all } = calls.begin(config);
    globals.tools = tools;
    globals.ALL_TOOLS = all;
    if (config.console) globals.console = makeConsole();
    void run(program);
  };
  globals.$cellhost$begin = begin;

  function fire(id: number): void {
    try {
      timers.fire(id);
    } catch (error) {
      fail(error);
    }
  }

  /** @returns Whether the call is settled already; otherwise `goOn` is called when it is. */
  function settle(call: number, text: string, goOn: () => void): boolean {
    if (call < 0) return calls.reject(-call, text, goOn);
    let value: unknown;
    try {
      value = k.parse(text);
    } catch {
      return calls.reject(call, 'the tool returned what is not JSON', goOn);
    }
    calls.resolve(call, value);
    return true;
  }

  /** Settles calls in their order, although some are settled later. */
  function settleFrom(first: number, answers: readonly (number | string)[]): void {
    let at = first;
    const goOn = () => settleFrom(at, answers);
    while (at < answers.length) {
      at += 2;
      if (!settle(answers[at - 2] as number, answers[at - 1] as string, goOn)) return;
    }
  }

  /** The text of an answer that came in pieces. */
  function joined(answer: readonly (number | string | Piece)[]): string {
    let text = '';
    for (let at = 1; at < answer.length; at += 1) text += (answer[at] as Piece)[0];
    return text;
  }

  const deliver: Deliver = (direct, notified, timer, ...answers) => {
    enteredDirectly(direct);
    notifications -= notified;
    if (timer !== 0) fire(timer);
    const isInPieces = answers.length > 1 && typeof answers[1] === 'object';
    if (isInPieces) settleFrom(0, [answers[0] as number, joined(answers)]);
    else settleFrom(0, answers as (number | string)[]);
  };
  return deliver;
}
