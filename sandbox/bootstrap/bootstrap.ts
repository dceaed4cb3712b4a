import type { Bridge, Deliver, Down, GuestLimits, StartConfig, UpKind } from './bridge-types.ts';
import type { makeFailures } from './failures.ts';
import type { captureIntrinsics } from './intrinsics.ts';
import type { makeJson } from './json.ts';
import type { makeMedia } from './media.ts';
import type { makeStores } from './stores.ts';
import type { makeTimers } from './timers.ts';
import type { makeToolCalls } from './tool-calls.ts';

/** The other functions of this folder; each arrives as source of its own. */
export interface Parts {
  readonly captureIntrinsics: typeof captureIntrinsics;
  readonly makeFailures: typeof makeFailures;
  readonly makeJson: typeof makeJson;
  readonly makeMedia: typeof makeMedia;
  readonly makeStores: typeof makeStores;
  readonly makeTimers: typeof makeTimers;
  readonly makeToolCalls: typeof makeToolCalls;
}

type Rehearsed = { readonly tools: { rehearsal(input: unknown): Promise<unknown> } };

/** What the script of a program calls: its configuration, as JSON text, and the program. */
type Begin = (configJson: string, program: (hidden: object) => Promise<void>) => void;

/**
 * The isolate's half of the bridge: takes away what programs must not have, and prepares what they
 * get. Leaves one global function behind, `$cellhost$begin`, which removes itself when the program
 * starts. Uses nothing from outside itself.
 *
 * @returns What the host keeps, to deliver answers and timers.
 */
export function bootstrap(parts: Parts, bridge: Bridge, limits: GuestLimits): Deliver {
  const BARRIER_COUNT = 512;
  const BARRIER_LENGTH = 1 << 20;
  const k = parts.captureIntrinsics();
  const failures = parts.makeFailures(k);
  const json = parts.makeJson(k, failures, limits.maxValueLength);
  let sent = 0;
  let sentLength = 0;
  let notifications = 0;
  let ended = false;
  let rehearsing = false;

  const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);

  /** Every so often waits for the host, so that a program cannot fill its memory with messages. */
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
    bridge.up(rehearsing ? 'nothing' : kind, a, b);
    account(length);
  }

  function upMany(values: ArrayLike<string | number | undefined>): void {
    let length = 0;
    for (let at = 1; at < values.length; at += 1) length += lengthOf(values[at]);
    if (!rehearsing) bridge.upMany(values);
    account(length);
  }

  const guarded: Bridge = { up, upMany, flush: bridge.flush, fetch: bridge.fetch };
  const calls = parts.makeToolCalls(k, failures, json, guarded, limits);
  const timers = parts.makeTimers(k, failures, guarded, limits);
  const stores = parts.makeStores(k, failures, json, guarded, limits);
  const media = parts.makeMedia(k, failures, json, guarded);

  const text = (value: unknown): void => up('text', json.show(value));

  function notify(value: unknown): void {
    const shown = json.show(value);
    if (k.trim(shown) === '') failures.fail('notify expects non-empty text');
    if (notifications >= limits.maxPendingNotifications) {
      failures.fail(
        `notify: ${notifications} notifications are pending, the limit is ${limits.maxPendingNotifications} (maxPendingNotifications)`,
      );
    }
    up('notify', shown);
    notifications += 1;
  }

  /** The host kills the isolate; until then nothing of the program may run. */
  function exit(): void {
    up('exit');
    for (;;);
  }

  function end(failure: string | undefined): void {
    if (ended) return;
    ended = true;
    up('end', failure);
  }

  function makeConsole() {
    const log = (...values: readonly unknown[]): void => {
      let line = '';
      for (let at = 0; at < values.length; at += 1)
        line += (at > 0 ? ' ' : '') + json.show(values[at]);
      up('text', line);
    };
    return { log, info: log, warn: log, error: log, debug: log };
  }

  const install = (name: string, value: unknown) =>
    k.defineProperty(globalThis, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  const remove = (name: string) => delete (globalThis as { [name: string]: unknown })[name];
  const absent = ['console', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'Temporal'];
  for (let at = 0; at < absent.length; at += 1) remove(absent[at]!);

  const yield_control = (): void => up('yield');
  const { setTimeout, clearTimeout } = timers;
  const { store, load } = stores;
  const { image, audio, generatedImage, content } = media;
  const helpers = {
    clearTimeout,
    setTimeout,
    text,
    content,
    image,
    audio,
    generatedImage,
    store,
    load,
    notify,
    yield_control,
    exit,
  };
  for (const name in helpers) install(name, helpers[name as keyof typeof helpers]);

  async function run(program: (hidden: object) => Promise<void>): Promise<void> {
    const hidden = {
      meta: k.create(null) as object,
      load: async () => failures.fail('unsupported import in exec'),
    };
    try {
      await undefined;
      await program(hidden);
      end(undefined);
    } catch (error) {
      end(failures.describe(error));
    }
  }

  const begin: Begin = (configJson, program) => {
    remove('$cellhost$begin');
    const config = k.parse(configJson) as StartConfig;
    failures.bare = config.toolErrors === 'string';
    stores.begin(config);
    const { tools, all } = calls.begin(config);
    install('tools', tools);
    install('ALL_TOOLS', all);
    if (config.console) install('console', makeConsole());
    void run(program);
  };
  install('$cellhost$begin', begin);

  function fire(id: number): void {
    try {
      timers.fire(id);
    } catch (error) {
      end(failures.describe(error));
    }
  }

  /** Does once, unseen, what most programs do: the first time of everything takes longest. */
  async function rehearse(): Promise<void> {
    rehearsing = true;
    const tool = { identifier: 'rehearsal', description: '' };
    const config = {
      tools: [tool],
      values: [],
      remoteKeys: [],
      valuesLength: 0,
      toolErrors: 'error',
      console: false,
    };
    begin(k.stringify(config), async () => {
      text(1);
      await (globalThis as unknown as Rehearsed).tools.rehearsal({});
    });
    await undefined;
    await undefined;
    deliver('[[1,1,{}],0]');
    for (let ticks = 0; ticks < 8; ticks += 1) await undefined;
    remove('tools');
    remove('ALL_TOOLS');
    install('$cellhost$begin', begin);
    ended = false;
    rehearsing = false;
  }

  function deliver(batchJson: string): void {
    const batch = k.parse(batchJson) as Down | null;
    if (batch === null) return void rehearse();
    for (let at = 0; at < batch.length; at += 1) {
      const item = batch[at]!;
      if (typeof item === 'number') notifications -= item;
      else if (item.length === 1) fire(item[0]);
      else calls.settle(item[0], item[1], item[2]);
    }
  }
  return deliver;
}
