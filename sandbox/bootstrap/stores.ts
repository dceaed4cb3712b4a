import type { Bridge, GuestLimits, StartConfig } from './bridge-types.ts';
import type { Failures } from './failures.ts';
import type { Intrinsics } from './intrinsics.ts';
import type { Json } from './json.ts';

/** `store` and `load`, based on a snapshot. Uses nothing from outside itself. */
export function makeStores(
  k: Intrinsics,
  failures: Failures,
  json: Json,
  bridge: Bridge,
  limits: GuestLimits,
) {
  const REMOTE = null;
  const texts = new k.Map();
  let length = 0;
  let keys = 0;

  function keyOf(key: unknown, helper: string): string {
    if (typeof key === 'string') return key;
    if (typeof key === 'symbol') return failures.fail(`${helper} key must be a string`);
    try {
      return k.String(key);
    } catch {
      return failures.fail(`${helper} key must be a string`);
    }
  }

  function encode(name: string, value: unknown): string {
    if (value !== undefined) return json.encode(value);
    const quoted = k.stringify(name);
    return failures.fail(
      `Unable to store ${quoted}. Only plain serializable objects can be stored.`,
    );
  }

  function store(key: unknown, value: unknown): void {
    const name = keyOf(key, 'store');
    const text = encode(name, value);
    const known = k.mapHas(texts, name);
    const before = known ? (k.mapGet(texts, name) as string | null) : '';
    const grown = length + text.length + (known ? 0 : name.length) - (before?.length ?? 0);
    if (grown > limits.maxStoredLength) {
      const bound = `${limits.maxStoredLength} characters (maxStoredLength)`;
      failures.fail(`Unable to store ${k.stringify(name)}: a session holds ${bound}`);
    }
    if (!known && keys + 1 > limits.maxStoredKeys) {
      const bound = `${limits.maxStoredKeys} keys (maxStoredKeys)`;
      failures.fail(`Unable to store ${k.stringify(name)}: a session holds ${bound}`);
    }
    bridge.up('store', name, text);
    if (!known) keys += 1;
    length = grown;
    k.mapSet(texts, name, text);
  }

  function load(key: unknown): unknown {
    const name = keyOf(key, 'load');
    if (!k.mapHas(texts, name)) return undefined;
    let text = k.mapGet(texts, name) as string | null;
    if (text === REMOTE) {
      text = bridge.fetch(name);
      k.mapSet(texts, name, text);
    }
    return k.parse(text);
  }

  function begin(config: StartConfig): void {
    length = config.valuesLength;
    keys = config.values.length + config.remoteKeys.length;
    for (let at = 0; at < config.values.length; at += 1) {
      const entry = config.values[at]!;
      k.mapSet(texts, entry[0], entry[1]);
    }
    for (let at = 0; at < config.remoteKeys.length; at += 1) {
      k.mapSet(texts, config.remoteKeys[at], REMOTE);
    }
  }

  return { __proto__: null, store, load, begin };
}
