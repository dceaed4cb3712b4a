import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { WebContext } from '../support/web-context.ts';

/** Names that every version of Unicode maps alike. */
const label = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/),
  fc.constantFrom(
    'bücher',
    'faß',
    'ΣΊΣΥΦΟΣ',
    '例え',
    'xn--bcher-kva',
    'xn--a',
    'é',
    'İ',
    '\u00ad',
    '。',
  ),
);
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.constantFrom(
    '[::1]',
    '[::ffff:1.2.3.4]',
    '[1::2::3]',
    '127.1',
    '0x7f.1',
    '1.2.3.256',
    '4294967296',
    '',
  ),
);
/** Any piece can become part of a host, so these letters are old as well. */
const letter = fc.oneof(
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
  fc.constantFrom('é', 'ß', 'Σ', '例', 'あ', '\u0301', '\u00ad', '\u200d', '😀', '\ufffd'),
);
const piece = fc.string({ unit: letter, maxLength: 10 });
const url = fc
  .record({
    scheme: fc.constantFrom(
      'http',
      'https',
      'HTTP',
      'ws',
      'ftp',
      'file',
      'mailto',
      'data',
      'a+b',
      '',
    ),
    slashes: fc.constantFrom('://', ':/', ':', ':\\\\', '//', ''),
    credentials: fc.option(fc.tuple(piece, piece).map(([user, pass]) => `${user}:${pass}@`)),
    host,
    port: fc.constantFrom('', ':', ':80', ':443', ':65535', ':65536', ':x'),
    path: fc.array(fc.oneof(piece, fc.constantFrom('.', '..', '%2e', 'C|', 'C:', '%zz')), {
      maxLength: 5,
    }),
    query: fc.option(piece),
    hash: fc.option(piece),
  })
  .map(({ scheme, slashes, credentials, host, port, path, query, hash }) =>
    [
      `${scheme}${slashes}${credentials ?? ''}${host}${port}${path.map((each) => `/${each}`).join('')}`,
      query === null ? '' : `?${query}`,
      hash === null ? '' : `#${hash}`,
    ].join(''),
  );

/** Encodings that Node.js decodes as the standard says; of those with several bytes, it does not. */
const LABELS = [
  'utf-8',
  'UTF8',
  ' utf-16le ',
  'utf-16be',
  'latin1',
  'windows-1252',
  'iso-8859-2',
  'koi8-r',
  'x-user-defined',
  'macintosh',
  'no such',
];

describe('Web globals', () => {
  const web = new WebContext();
  after(() => web[Symbol.dispose]());

  it('read URLs as Node.js does', () => {
    const parse = ([text, base]: readonly [string, string | null]) => {
      const url = base === null ? new URL(text) : new URL(text, base);
      const { href, origin, protocol, username, password, host, port, pathname, search, hash } =
        url;
      return [
        href,
        origin,
        protocol,
        username,
        password,
        host,
        port,
        pathname,
        search,
        hash,
        [...url.searchParams],
      ];
    };
    const bases = fc.constantFrom(
      null,
      'http://u:p@example.com:8080/a/b?c#d',
      'file:///C:/x/y',
      'mailto:x',
      'a:/b/../c',
    );
    fc.assert(
      fc.property(fc.oneof(url, piece), bases, (text, base) => {
        const [there, here] = web.both(parse, [text, base] as const);
        assert.deepEqual(there, here);
      }),
      { numRuns: 2_000 },
    );
  });

  it('set the parts of URLs as Node.js does', () => {
    const set = ([text, steps]: readonly [string, readonly (readonly [string, string])[]]) => {
      const url = new URL(text);
      for (const [part, value] of steps) (url as unknown as Record<string, string>)[part] = value;
      return url.href;
    };
    const part = fc.constantFrom(
      'protocol',
      'username',
      'password',
      'host',
      'hostname',
      'port',
      'pathname',
      'search',
      'hash',
    );
    const steps = fc.array(fc.tuple(part, fc.oneof(piece, host)), { maxLength: 4 });
    const start = fc.constantFrom('https://example.com/a?b#c', 'mailto:x', 'file:///a');
    fc.assert(
      fc.property(start, steps, (text, changes) => {
        const [there, here] = web.both(set, [text, changes] as const);
        assert.deepEqual(there, here);
      }),
      { numRuns: 1_000 },
    );
  });

  it('read and write queries as Node.js does', () => {
    const use = ([text, pairs]: readonly [string, readonly (readonly [string, string])[]]) => {
      const params = new URLSearchParams(text);
      for (const [name, value] of pairs) params.append(name, value);
      params.sort();
      return [
        params.toString(),
        params.size,
        [...params.keys()],
        params.getAll('a'),
        params.has('a', 'b'),
      ];
    };
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.tuple(piece, piece)),
        (text, pairs) => {
          const [there, here] = web.both(use, [text.toWellFormed(), pairs] as const);
          assert.deepEqual(there, here);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('decode bytes as Node.js does, whole and in pieces', () => {
    const decode = ({
      label,
      fatal,
      ignoreBOM,
      chunks,
    }: {
      label: string;
      fatal: boolean;
      ignoreBOM: boolean;
      chunks: number[][];
    }) => {
      const decoder = new TextDecoder(label, { fatal, ignoreBOM });
      const texts = chunks.map((chunk) => decoder.decode(new Uint8Array(chunk), { stream: true }));
      return [decoder.encoding, decoder.fatal, ...texts, decoder.decode()];
    };
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xef, 0xbb, 0xbf, 0xff, 0xfe, 0xf0, 0x9f, 0xd8, 0xdc),
    );
    fc.assert(
      fc.property(
        fc.record({
          label: fc.constantFrom(...LABELS),
          fatal: fc.boolean(),
          ignoreBOM: fc.boolean(),
          chunks: fc.array(fc.array(byte), { maxLength: 4 }),
        }),
        (input) => {
          const [there, here] = web.both(decode, input);
          assert.deepEqual(there, here);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('encode texts as Node.js does', () => {
    const encode = ([text, room]: readonly [string, number]) => {
      const target = new Uint8Array(room);
      const { read, written } = new TextEncoder().encodeInto(text, target);
      return [[...new TextEncoder().encode(text)], read, written, [...target]];
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, room) => {
        const [there, here] = web.both(encode, [text, room] as const);
        assert.deepEqual(there, here);
      }),
    );
  });

  it('convert Base64 as Node.js does', () => {
    const convert = (text: string) => {
      const attempt = (work: () => string) => {
        try {
          return work();
        } catch (error) {
          return (error as Error).name;
        }
      };
      return [
        attempt(() => atob(text)),
        attempt(() => btoa(text)),
        attempt(() => atob(btoa(text))),
      ];
    };
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc.array(fc.nat(255)).map((codes) => String.fromCharCode(...codes)),
      fc.stringMatching(/^[A-Za-z+/= \n]*$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const [there, here] = web.both(convert, text);
        assert.deepEqual(there, here);
      }),
      { numRuns: 1_000 },
    );
  });

  it('copy values as Node.js does', () => {
    const copy = (value: unknown) => {
      const whole = {
        value,
        again: value,
        map: new Map([[value, value]]),
        set: new Set([value, 1]),
        date: new Date(7),
        big: 2n,
        no: undefined,
      };
      const copied = structuredClone(whole);
      const sameTwice =
        typeof value !== 'object' ||
        (copied.value === copied.again && (value === null || copied.value !== value));
      return [
        copied.value,
        sameTwice,
        copied.map.size,
        [...copied.map.keys()][0] === copied.value,
        copied.set.has(1),
        copied.date,
        String(copied.big),
        'no' in copied,
      ];
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const [there, here] = web.both(copy, value);
        assert.deepEqual(there, here);
      }),
    );
  });
});
