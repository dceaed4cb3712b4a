import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { runCell } from '../../support/finished-cell.ts';

/** More messages than a program sends before it waits for the host. */
const MANY = 1_100;

const OF = `const of = (object, key) => {
  const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(object, key);
  const flags = [writable, enumerable, configurable].map(Number).join('');
  return [key, typeof value === 'function' ? value.name + '/' + value.length : '', flags].join(' ');
};`;

describe('The globals of a program', { timeout: 60_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  it('follow the built-ins, in this order and with these properties', async () => {
    const { texts } = await runCell(
      sandbox,
      `${OF}
      const names = Reflect.ownKeys(globalThis);
      for (const name of names.slice(names.indexOf('clearTimeout'))) text(of(globalThis, name));`,
      { options: { console: true } },
    );
    const helpers = [
      ...['clearTimeout/1', 'setTimeout/2', 'text/1', 'content/1', 'image/2', 'audio/1'],
      ...['generatedImage/1', 'store/2', 'load/1', 'notify/1', 'yield_control/0', 'exit/0'],
      ...['as_settled/1', 'stream_settled/2'],
    ];
    assert.deepEqual(texts, [
      ...helpers.map((helper) => `${helper.split('/')[0]} ${helper} 111`),
      ...['tools  111', 'ALL_TOOLS  111', 'console  111'],
    ]);
  });

  it('have built-ins that are replaced with the properties they had', async () => {
    const { texts } = await runCell(
      sandbox,
      `${OF} text(of(FinalizationRegistry.prototype, 'register'));
      text(of(Error, 'prepareStackTrace'));
      text(Reflect.ownKeys(FinalizationRegistry.prototype).map(String));`,
    );
    assert.deepEqual(texts, [
      'register register/2 101',
      'prepareStackTrace prepareStackTrace/2 101',
      '["constructor","register","unregister","Symbol(Symbol.toStringTag)"]',
    ]);
  });

  it('do not show what makes a program wait for the host', async () => {
    const { texts, failure } = await runCell(
      sandbox,
      `const seen = new Set();
      const define = Object.defineProperty;
      for (const prototype of [Object.prototype, Function.prototype]) {
        for (const name of ['applySyncPromise', 'apply', 'then', 'constructor', 'prototype', 'value', 'missing',
          'typeof', 'Reference']) {
          const before = prototype[name];
          define(prototype, name, {
            __proto__: null,
            get() { seen.add(name); return before; },
            set() { seen.add(name); },
          });
        }
      }
      seen.clear();
      for (let at = 0; at < ${MANY}; at += 1) text('x');
      text([...seen].join());`,
    );
    assert.equal(failure, null);
    assert.equal(texts.length, MANY + 1);
    assert.equal(texts.at(-1), '');
  });
});
