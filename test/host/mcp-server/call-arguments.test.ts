import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  InvalidArguments,
  readCells,
  readExec,
  readWait,
} from '../../../host/mcp-server/call-arguments.ts';
import type { JsonObject } from '../../../src/describe/json-object.ts';

const EXEC_REFUSED: readonly (readonly [JsonObject, string])[] = [
  [{}, 'exec expects raw JavaScript source text'],
  [{ source: 1 }, 'exec expects raw JavaScript source text'],
  [{ source: '\n\t ' }, 'exec expects raw JavaScript source text (non-empty).'],
  [
    { source: '// @exec: {}' },
    'exec pragma must be followed by JavaScript source on subsequent lines',
  ],
  [
    { source: '// @exec: {}\n ' },
    'exec pragma must be followed by JavaScript source on subsequent lines',
  ],
  [{ source: '// @exec:\n1' }, 'exec pragma must be a JSON object with supported fields'],
  [{ source: '// @exec: [1]\n1' }, 'exec pragma must be a JSON object with supported fields'],
  [{ source: '// @exec: {a}\n1' }, 'exec pragma must be valid JSON with supported fields'],
  [
    { source: '// @exec: {"a": 1}\n1' },
    'exec pragma only supports `yield_time_ms` and `max_output_tokens`; got `a`',
  ],
  [
    { source: '// @exec: {"yield_time_ms": -1}\n1' },
    'exec pragma field `yield_time_ms` must be a non-negative safe integer',
  ],
  [
    { source: '1', max_output_tokens: 1.5 },
    'exec field `max_output_tokens` must be a non-negative safe integer',
  ],
  [
    { source: '1', other: 1 },
    'exec only supports `source`, `yield_time_ms` and `max_output_tokens`; got `other`',
  ],
];

const WAIT_REFUSED: readonly (readonly [JsonObject, string])[] = [
  [{}, '`cell_id` must be a string'],
  [{ cell_id: '1', terminate: 1 }, '`terminate` must be a boolean'],
  [{ cell_id: '1', a: 1 }, 'unknown field `a`'],
  [
    { cell_id: '1', yield_time_ms: 2 ** 53 },
    '`yield_time_ms`: expected a non-negative whole number within range',
  ],
];

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof InvalidArguments);
    return error.message;
  }
  throw new Error('It was accepted');
}

describe('readExec', () => {
  it('reads options from the arguments and the first line, the arguments first', () => {
    const source = ' \t// @exec: {"yield_time_ms": 5, "max_output_tokens": 6}\r\ntext(1)';
    assert.deepEqual(readExec({ source }), { source, yieldTimeMs: 5, maxOutputTokens: 6 });
    assert.deepEqual(readExec({ source, yield_time_ms: 0 }), {
      source,
      yieldTimeMs: 0,
      maxOutputTokens: 6,
    });
  });

  it('takes a look-alike further down for a comment', () => {
    const source = '\n// @exec: {"a": 1}\ntext(1)';
    assert.equal(readExec({ source }).yieldTimeMs, undefined);
  });

  for (const [args, text] of EXEC_REFUSED) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      const message = refusal(() => readExec(args));
      assert.ok(message.startsWith(text), message);
    });
  }
});

describe('readWait', () => {
  it('reads all fields', () => {
    assert.deepEqual(readWait({ cell_id: 'a', yield_time_ms: 1, max_tokens: 2, terminate: true }), {
      cellId: 'a',
      yieldTimeMs: 1,
      maxTokens: 2,
      terminate: true,
    });
  });

  for (const [args, text] of WAIT_REFUSED) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      assert.equal(
        refusal(() => readWait(args)),
        `failed to parse function arguments: ${text}`,
      );
    });
  }
});

describe('readCells', () => {
  it('reads ids, and nothing for none', () => {
    assert.deepEqual(readCells({ terminate: ['1', '2'] }), ['1', '2']);
    assert.deepEqual(readCells({}), []);
  });

  it('refuses anything else', () => {
    for (const args of [{ terminate: [1] }, { terminate: '1' }, { other: [] }]) {
      assert.match(
        refusal(() => readCells(args)),
        /^failed to parse function arguments: /,
      );
    }
  });
});
