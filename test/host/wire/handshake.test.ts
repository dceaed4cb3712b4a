import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerHello, readHostHello } from '../../../host/wire/handshake.ts';
import { CodeModeError } from '../../../src/errors.ts';

const SUPPORTED = ['zebra', 'apple', 'mango'];

function hello(changes: object = {}): object {
  return {
    type: 'connection/hello',
    supportedVersions: [1],
    requiredCapabilities: [],
    optionalCapabilities: [],
    ...changes,
  };
}

describe('answerHello', () => {
  it('accepts a client that requires nothing', () => {
    assert.deepEqual(answerHello(hello(), SUPPORTED), {
      type: 'connection/ready',
      selectedVersion: 1,
      capabilities: [],
    });
  });

  it('names the shared capabilities, in alphabetical order', () => {
    const asked = { requiredCapabilities: ['zebra', 'mango'], optionalCapabilities: ['apple'] };
    assert.deepEqual(answerHello(hello(asked), SUPPORTED), {
      type: 'connection/ready',
      selectedVersion: 1,
      capabilities: ['apple', 'mango', 'zebra'],
    });
  });

  it('leaves out optional capabilities that it lacks', () => {
    const answer = answerHello(hello({ optionalCapabilities: ['other', 'apple'] }), SUPPORTED);
    assert.deepEqual(answer, {
      type: 'connection/ready',
      selectedVersion: 1,
      capabilities: ['apple'],
    });
  });

  it('selects version 1 among others', () => {
    const answer = answerHello(hello({ supportedVersions: [3, 1, 2] }), SUPPORTED);
    assert.equal(answer.type, 'connection/ready');
  });

  it('rejects a client without version 1', () => {
    assert.deepEqual(answerHello(hello({ supportedVersions: [2] }), SUPPORTED), {
      type: 'connection/rejected',
      reason: { type: 'noCompatibleVersion', supportedVersions: [1] },
    });
  });

  it('names the first required capability that is missing', () => {
    const asked = { requiredCapabilities: ['apple', 'second', 'first'] };
    assert.deepEqual(answerHello(hello(asked), SUPPORTED), {
      type: 'connection/rejected',
      reason: { type: 'missingRequiredCapability', capability: 'second' },
    });
  });

  it('reports the version before the capabilities', () => {
    const answer = answerHello(
      hello({ supportedVersions: [2], requiredCapabilities: ['none'] }),
      SUPPORTED,
    );
    assert.equal(
      answer.type === 'connection/rejected' && answer.reason.type,
      'noCompatibleVersion',
    );
  });

  for (const first of [
    { type: 'operation/request', id: 1, request: { method: 'session/open', sessionId: 's' } },
    { type: 7 },
    {},
  ]) {
    it(`rejects ${JSON.stringify(first)} as a first message`, () => {
      assert.deepEqual(answerHello(first, SUPPORTED), {
        type: 'connection/rejected',
        reason: { type: 'invalidHello', message: 'first message must be connection/hello' },
      });
    });
  }

  for (const none of [null, 1, 'hello', true, [], [hello()]]) {
    it(`cannot answer ${JSON.stringify(none)}`, () => {
      assert.throws(
        () => answerHello(none, SUPPORTED),
        /Cannot read a message: it is not an object/,
      );
    });
  }

  const many = Array.from({ length: 257 }, (_, index) => `c${index}`);
  const cases: readonly (readonly [string, object, string])[] = [
    ['an unknown field', { extra: 1 }, 'unknown field "extra"'],
    ['no versions', { supportedVersions: undefined }, 'supportedVersions is not a list with'],
    ['versions that are no list', { supportedVersions: 1 }, 'supportedVersions is not a list with'],
    [
      'an empty list of versions',
      { supportedVersions: [] },
      'supportedVersions is not a list with',
    ],
    ['a version 0', { supportedVersions: [1, 0] }, 'a version is not a whole number of at least 1'],
    ['half a version', { supportedVersions: [1.5] }, 'a version is not a whole number'],
    ['a version in words', { supportedVersions: ['1'] }, 'a version is not a whole number'],
    ['a version twice', { supportedVersions: [1, 1] }, 'supportedVersions names something twice'],
    ['no list of what is required', { requiredCapabilities: null }, 'requiredCapabilities is not'],
    ['no list of what is optional', { optionalCapabilities: {} }, 'optionalCapabilities is not'],
    [
      'a blank name',
      { requiredCapabilities: ['a', ' \t'] },
      'requiredCapabilities[1] is not a name',
    ],
    ['an empty name', { optionalCapabilities: [''] }, 'optionalCapabilities[0] is not a name'],
    ['a number for a name', { optionalCapabilities: [1] }, 'optionalCapabilities[0] is not a name'],
    ['a name too long', { optionalCapabilities: ['x'.repeat(257)] }, '[0] is not a name'],
    ['too many names', { optionalCapabilities: many }, 'not a list of at most 256 names'],
    ['a name twice', { requiredCapabilities: ['a', 'a'] }, 'requiredCapabilities names something'],
    ['an optional name twice', { optionalCapabilities: ['a', 'a'] }, 'optionalCapabilities names'],
    [
      'a name that is required and optional',
      { requiredCapabilities: ['x', 'a'], optionalCapabilities: ['a'] },
      'capability "a" cannot be both required and optional',
    ],
  ];
  for (const [what, changes, message] of cases) {
    it(`refuses a hello with ${what}`, () => {
      assert.throws(
        () => answerHello(hello(changes), SUPPORTED),
        (error: Error) =>
          error.message.startsWith('Cannot read a hello: ') && error.message.includes(message),
      );
    });
  }

  it('accepts names up to the stated number and length', () => {
    const names = many.slice(1).map((name) => name.padEnd(256, 'x'));
    assert.equal(answerHello(hello({ optionalCapabilities: names }), []).type, 'connection/ready');
  });
});

describe('readHostHello', () => {
  const ready = { type: 'connection/ready', selectedVersion: 1, capabilities: ['a', 'b'] };

  function refuses(message: unknown, text: RegExp, required: readonly string[] = []): void {
    assert.throws(
      () => readHostHello(message, required),
      (error: unknown) =>
        error instanceof CodeModeError &&
        error.code === 'handshake_failed' &&
        text.test(error.message),
    );
  }

  it('returns the shared capabilities', () => {
    assert.deepEqual(readHostHello(ready, ['b']), ['a', 'b']);
  });

  it('reads the answer of a host', () => {
    const answer = answerHello(hello({ requiredCapabilities: ['mango'] }), SUPPORTED);
    assert.deepEqual(readHostHello(JSON.parse(JSON.stringify(answer)), ['mango']), ['mango']);
  });

  it('reports why the host rejected', () => {
    const reason = { type: 'missingRequiredCapability', capability: 'c' };
    refuses({ type: 'connection/rejected', reason }, /the host rejected it: .*"capability":"c"/);
  });

  it('keeps the reason of a rejection short', () => {
    const reason = { type: 'invalidHello', message: 'x'.repeat(10_000) };
    assert.throws(
      () => readHostHello({ type: 'connection/rejected', reason }, []),
      (error: Error) => error.message.length < 600,
    );
  });

  it('fails in the same way if a rejection has no reason', () => {
    refuses({ type: 'connection/rejected' }, /the host rejected it/);
  });

  for (const message of [null, 1, 'ready', [], {}, { type: 'operation/response' }]) {
    it(`does not accept ${JSON.stringify(message)} as an answer`, () => {
      refuses(message, /the first message is no answer to a hello/);
    });
  }

  for (const selectedVersion of [2, '1', null]) {
    it(`refuses version ${JSON.stringify(selectedVersion)}`, () => {
      refuses({ ...ready, selectedVersion }, /the host selected version/);
    });
  }

  for (const capabilities of [undefined, 'a', [1]]) {
    it(`refuses ${JSON.stringify(capabilities)} as capabilities`, () => {
      refuses({ ...ready, capabilities }, /the capabilities of the host are no list of names/);
    });
  }

  it('names the first required capability that the host lacks', () => {
    refuses(ready, /the host has no capability d$/, ['a', 'd', 'c']);
  });
});
