import type { Failures } from './failures.ts';
import type { Intrinsics } from './intrinsics.ts';
import type { Json } from './json.ts';

/** Values as text for a model. */
export interface Inspect {
  /**
   * Like `Json.show`, and also shows what JSON leaves empty: errors with their frames, Maps, Sets,
   * bytes, promises, functions, symbols, bigints, patterns and search parameters, and of anything
   * else what it is. Shows 1,000 entries of each at most.
   */
  show(value: unknown): string;
  /** The line of a `console.log`: the first value may hold `%s %d %i %f %j %o %O %c %%`. */
  format(values: ArrayLike<unknown>): string;
}

/** Uses nothing from outside itself. */
export function makeInspect(k: Intrinsics, failures: Failures, json: Json): Inspect {
  const MAX_ENTRIES = 1_000;
  const MAX_TEXT_LENGTH = 65_536;
  const MAX_TAG_LENGTH = 100;
  const MAX_CAUSES = 4;
  const PROMISE = 'a promise: await it';
  type Label = { label: string; entries: unknown };

  /** The class of a value by its tag, which a program can make up. Runs code of the program. */
  function tagOf(value: unknown): string {
    try {
      const tag = k.slice(k.objectToString(value as object), 8, -1);
      return tag === 'DOMException' ? 'Error' : tag;
    } catch {
      return '';
    }
  }

  /** An array that looks up nothing a program could have put on its prototype. */
  function list(): unknown[] {
    return [];
  }

  function put(entries: unknown[], value: unknown): void {
    const at = entries.length;
    if (at > MAX_ENTRIES) return;
    // Without a prototype: a program can add to it.
    const entry = k.create(null) as PropertyDescriptor;
    entry.value = at < MAX_ENTRIES ? value : '…';
    entry.writable = true;
    entry.enumerable = true;
    k.defineProperty(entries, at, entry);
  }

  function pair(key: unknown, value: unknown): unknown[] {
    const both = list();
    put(both, key);
    put(both, value);
    return both;
  }

  function errorText(error: unknown): string {
    let text = k.slice(failures.describe(error), 0, MAX_TEXT_LENGTH);
    let cause = (error as Error).cause;
    for (let depth = 0; depth < MAX_CAUSES && cause !== undefined; depth += 1) {
      const isError = tagOf(cause) === 'Error';
      text += `\ncaused by: ${k.slice(isError ? failures.describe(cause) : show(cause), 0, MAX_TEXT_LENGTH)}`;
      cause = isError ? (cause as Error).cause : undefined;
    }
    return text;
  }

  /** What stands for the entries of a collection; undefined if the value is none. Throws for an impostor. */
  function labelOf(tag: string, value: object): Label | undefined {
    const entries = list();
    if (tag === 'Map') {
      k.mapForEach(value, (one, key) => put(entries, pair(key, one)));
      return { label: `Map(${k.mapSize(value)})`, entries };
    }
    if (tag === 'Set') {
      k.setForEach(value, (one) => put(entries, one));
      return { label: `Set(${k.setSize(value)})`, entries };
    }
    const isBuffer = tag === 'ArrayBuffer';
    if (!isBuffer && (k.slice(tag, -5) !== 'Array' || tag === 'Array')) return undefined;
    const length = isBuffer ? k.bufferLength(value) : k.typedLength(value);
    const bytes = isBuffer ? new k.Uint8Array(value as ArrayBuffer) : value;
    for (let at = 0; at < length && at <= MAX_ENTRIES; at += 1) {
      put(entries, (bytes as ArrayLike<unknown>)[at]);
    }
    return { label: `${tag}(${length})`, entries };
  }

  /** What stands for a value that is best shown as it is written; undefined if it is none. Throws for an impostor. */
  function writtenOf(tag: string, value: object): string | undefined {
    if (tag === 'RegExp') return `/${k.regExpSource(value)}/${k.regExpFlags(value)}`;
    if (tag !== 'URLSearchParams') return undefined;
    const text = value.toString();
    // No search parameters are written like that.
    return k.slice(text, 0, 8) === '[object ' ? undefined : k.slice(text, 0, MAX_TEXT_LENGTH);
  }

  /** What a value is of which JSON would show nothing; undefined if it would show something. */
  function kindOf(tag: string, value: object): string | undefined {
    const isPlain = tag === '' || tag === 'Object' || tag === 'Arguments';
    const isPrimitive = tag === 'Number' || tag === 'String' || tag === 'Boolean';
    if (isPlain || isPrimitive || k.keys(value).length > 0) return undefined;
    const article = k.indexOf('AEIO', k.slice(tag, 0, 1)) < 0 ? 'a' : 'an';
    const isIterator = k.slice(tag, -9) === ' Iterator' || tag === 'Generator';
    const advice = isIterator ? ': spread it into an array' : '';
    return `${article} ${k.slice(tag, 0, MAX_TAG_LENGTH)}${advice}`;
  }

  /** What JSON shows instead of a value inside another. */
  function replacement(_key: string, value: unknown): unknown {
    if (typeof value === 'bigint') return `${k.String(value)}n`;
    if (typeof value === 'symbol') return k.String(value);
    if (typeof value === 'function') return 'a function';
    if (typeof value !== 'object' || value === null || k.isArray(value)) return value;
    const tag = tagOf(value);
    if (tag === 'Object') return value;
    try {
      if (tag === 'Error') return errorText(value);
      if (tag === 'Promise') return PROMISE;
      const written = writtenOf(tag, value);
      if (written !== undefined) return written;
      const found = labelOf(tag, value);
      if (found === undefined) return kindOf(tag, value) ?? value;
      const shown = k.create(null);
      shown[found.label] = found.entries;
      return shown;
    } catch {
      return value;
    }
  }

  function whole(value: object): string {
    const tag = tagOf(value);
    try {
      if (tag === 'Error') return errorText(value);
      if (tag === 'Promise') return PROMISE;
      const written = writtenOf(tag, value);
      if (written !== undefined) return written;
      const found = labelOf(tag, value);
      if (found !== undefined) {
        return `${found.label} ${k.stringify(found.entries, replacement)}`;
      }
    } catch {}
    return inside(tag, value);
  }

  /** Looks inside only if JSON may have left something empty: that takes several times as long. */
  function inside(tag: string, value: object): string {
    const text = json.show(value);
    const isSure = k.indexOf(text, '{}') < 0 && k.indexOf(text, '{"0":') < 0;
    if (isSure) return text;
    const kind = text === '{}' ? kindOf(tag, value) : undefined;
    return kind ?? k.stringify(value, replacement) ?? text;
  }

  function show(value: unknown): string {
    if (typeof value === 'function') return 'a function: call it';
    if (typeof value === 'symbol') return k.String(value);
    if (typeof value !== 'object' || value === null) return json.show(value);
    return whole(value);
  }

  /** The text of one placeholder; null if it is none. */
  function placed(kind: string, value: unknown): string | null {
    if (kind === 's' || kind === 'j' || kind === 'o' || kind === 'O') return show(value);
    if (kind === 'c') return '';
    if (kind !== 'd' && kind !== 'i' && kind !== 'f') return null;
    if (typeof value === 'bigint') return `${k.String(value)}n`;
    if (typeof value === 'object' || typeof value === 'symbol') return 'NaN';
    const number = k.Number(value as number);
    return k.String(kind === 'i' ? k.trunc(number) : number);
  }

  function format(values: ArrayLike<unknown>): string {
    let line = '';
    let next = 0;
    if (typeof values[0] === 'string') {
      const pattern = values[0];
      next = 1;
      let from = 0;
      for (;;) {
        const at = k.indexOf(pattern, '%', from);
        const kind = at < 0 ? '' : k.slice(pattern, at + 1, at + 2);
        if (at < 0 || kind === '') break;
        const isEscaped = kind === '%' && values.length > 1;
        const isLeft = next < values.length;
        const text = isEscaped ? '%' : isLeft ? placed(kind, values[next]) : null;
        line += k.slice(pattern, from, at) + (text ?? `%${kind}`);
        if (text !== null && !isEscaped) next += 1;
        from = at + 2;
      }
      line += k.slice(pattern, from);
    }
    for (; next < values.length; next += 1) {
      line += (next > 0 ? ' ' : '') + show(values[next]);
    }
    return line;
  }

  const inspect = { __proto__: null, show, format };
  return inspect;
}
