import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readClientMessage, readHostMessage } from '../../../host/wire/protocol.ts';
import { MAX_ID_LENGTH } from '../../../src/runtime/check-arguments.ts';
import { CLIENT_KINDS, clientKindOf, HOST_KINDS, hostKindOf } from '../../support/message-kinds.ts';
import { OWN_CLIENT_MESSAGES, OWN_HOST_MESSAGES } from '../../support/own-messages.ts';
import { CLIENT_MESSAGES, HOST_MESSAGES, withStranger } from '../../support/v1-messages.ts';

type Read = (value: unknown) => unknown;

/** A value with a change at a path; undefined removes what is there. */
function changed(text: string, path: string, to: unknown): unknown {
  const value: unknown = JSON.parse(text);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const inner = keys.reduce((at, key) => at[key] as Fields, value as Fields);
  if (to === undefined) delete inner[last];
  else inner[last] = to;
  return value;
}

interface Fields {
  [key: string]: unknown;
}

function messageWith(messages: readonly string[], part: string): string {
  const found = messages.find((text) => text.includes(part));
  assert.ok(found !== undefined, part);
  return found;
}

/** Asserts that the message is refused with an error that names the place. */
function refuses(read: Read, text: string, path: string, to: unknown): void {
  assert.throws(
    () => read(changed(text, path, to)),
    (error: Error) => error.message.startsWith(`Cannot read a message: ${path}: `),
    `${path} = ${JSON.stringify(to)}`,
  );
}

/** Every path to something in a value. */
function pathsOf(value: unknown, head = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) => [
    head + key,
    ...pathsOf(inside, `${head}${key}.`),
  ]);
}

/** Reads, or throws an Error with a text that is short enough to be logged. */
function neverElse(read: Read, value: unknown): void {
  try {
    read(value);
  } catch (error) {
    assert.ok(error instanceof Error, String(error));
    assert.match(error.message, /^Cannot read a message: ./s);
  }
}

const ALL_CLIENT_MESSAGES = [...CLIENT_MESSAGES, ...OWN_CLIENT_MESSAGES];
const ALL_HOST_MESSAGES = [...HOST_MESSAGES, ...OWN_HOST_MESSAGES];

describe('The messages of these tests', () => {
  it('are of every kind', () => {
    const said = ALL_CLIENT_MESSAGES.map((text) =>
      clientKindOf(readClientMessage(JSON.parse(text))),
    );
    const heard = ALL_HOST_MESSAGES.map((text) => hostKindOf(readHostMessage(JSON.parse(text))));
    assert.deepEqual([...new Set(said)].toSorted(), CLIENT_KINDS.toSorted());
    assert.deepEqual([...new Set(heard)].toSorted(), HOST_KINDS.toSorted());
  });
});

for (const [name, read, messages] of [
  ['readClientMessage', readClientMessage, ALL_CLIENT_MESSAGES],
  ['readHostMessage', readHostMessage, ALL_HOST_MESSAGES],
] as const) {
  describe(name, () => {
    for (const text of messages) {
      it(`reads ${text.slice(0, 150)}`, () => {
        assert.deepEqual(read(JSON.parse(text)), JSON.parse(text));
        assert.equal(JSON.stringify(read(JSON.parse(text))), text);
      });
    }

    it('refuses an unknown field, wherever it is', () => {
      let count = 0;
      for (const text of messages) {
        for (const message of withStranger(JSON.parse(text))) {
          const said = JSON.stringify(message);
          if (said.includes('"result":{"any":["thing",null],"stranger"')) continue;
          count += 1;
          assert.throws(() => read(message), /^Error: Cannot read a message: /, said);
        }
      }
      assert.ok(count > messages.length * 2);
    });

    it('refuses a message without an id, or with one that is not an integer', () => {
      for (const text of messages.filter((message) => message.includes('"id"'))) {
        for (const id of [undefined, null, '1', 1.5, 2 ** 53]) refuses(read, text, 'id', id);
      }
    });

    for (const none of [null, undefined, 1, 'x', true, [], {}, { type: 'other' }, { type: 1 }]) {
      it(`refuses ${JSON.stringify(none)}`, () => {
        assert.throws(() => read(none), /^Error: Cannot read a message: /);
      });
    }

    it('reads any JSON, or throws an Error', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => neverElse(read, value)),
        { numRuns: 500 },
      );
    });

    it('reads any message with a change, or throws an Error', () => {
      const change = fc.constantFrom(...messages).chain((text) =>
        fc.record({
          text: fc.constant(text),
          path: fc.constantFrom(...pathsOf(JSON.parse(text))),
          to: fc.option(fc.jsonValue(), { nil: undefined }),
        }),
      );
      fc.assert(
        fc.property(change, ({ text, path, to }) => neverElse(read, changed(text, path, to))),
        { numRuns: 1_000 },
      );
    });

    it('is not fooled by names of inherited members', () => {
      for (const key of ['__proto__', 'constructor', 'toString']) {
        for (const text of messages) {
          assert.throws(() => read(JSON.parse(`{"${key}":1,${text.slice(1)}`)), Error, key);
        }
        assert.throws(() => read({ type: key, id: 1 }), /Cannot read a message: type: /);
      }
    });
  });
}

describe('The bounds of a client message', () => {
  const execute = messageWith(CLIENT_MESSAGES, '"tool_call_id":"call-1"');
  const wait = messageWith(CLIENT_MESSAGES, 'session/wait');
  const open = messageWith(CLIENT_MESSAGES, '"maxYieldTimeMs":250');
  const terminate = messageWith(CLIENT_MESSAGES, 'session/terminate');
  const result = messageWith(CLIENT_MESSAGES, '"any"');
  const at = 'request.request';

  for (const bad of [-1, 2 ** 31, 0.5, '1', undefined]) {
    it(`refuses ${JSON.stringify(bad)} output tokens`, () => {
      refuses(readClientMessage, execute, `${at}.max_output_tokens`, bad);
    });
  }

  it('accepts zero output tokens', () => {
    readClientMessage(changed(execute, `${at}.max_output_tokens`, 0));
  });

  for (const bad of [-1, 1.5, '250', undefined]) {
    it(`refuses ${JSON.stringify(bad)} as a time to wait`, () => {
      refuses(readClientMessage, execute, `${at}.yield_time_ms`, bad);
      refuses(readClientMessage, wait, `${at}.yield_time_ms`, bad);
    });
  }

  it('accepts null as a duration only when a cell starts', () => {
    readClientMessage(changed(execute, `${at}.yield_time_ms`, null));
    refuses(readClientMessage, wait, `${at}.yield_time_ms`, null);
  });

  it('refuses a blank session id in every method', () => {
    for (const text of CLIENT_MESSAGES.filter((message) => message.includes('sessionId'))) {
      for (const blank of ['', ' ', '\t\n']) {
        refuses(readClientMessage, text, 'request.sessionId', blank);
      }
    }
  });

  it('refuses ids that are too long', () => {
    const long = 'x'.repeat(MAX_ID_LENGTH + 1);
    refuses(readClientMessage, terminate, 'request.sessionId', long);
    refuses(readClientMessage, terminate, 'request.cellId', long);
    refuses(readClientMessage, wait, `${at}.cell_id`, long);
    readClientMessage(changed(terminate, 'request.cellId', long.slice(1)));
  });

  it('refuses limits of cells that are below zero', () => {
    for (const field of ['maxYieldTimeMs', 'maxHeapSizeBytes']) {
      refuses(readClientMessage, open, `request.cellExecutionLimits.${field}`, -1);
    }
  });

  it('refuses a tool result without a result', () => {
    refuses(readClientMessage, result, 'result.value.result', undefined);
  });

  it('refuses a tool with missing fields, or fields of another type', () => {
    for (const [field, bad] of [
      ['name', 1],
      ['tool_name', 't'],
      ['tool_name.name', undefined],
      ['tool_name.namespace', undefined],
      ['description', null],
      ['kind', 'other'],
    ] as const) {
      refuses(readClientMessage, execute, `${at}.enabled_tools.0.${field}`, bad);
    }
  });

  it('names the place of an unknown method', () => {
    refuses(readClientMessage, wait, 'request.method', 'session/other');
    refuses(readClientMessage, result, 'result.status', 'maybe');
    refuses(readClientMessage, result, 'result.value.type', 'tool/other');
  });

  it('names an unknown field', () => {
    const message = { type: 'operation/cancel', id: 1, extra: true };
    assert.throws(() => readClientMessage(message), /Unrecognized key: "extra"/);
  });
});
