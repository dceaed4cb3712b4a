import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  checkSchemaValues,
  MAX_SCHEMA_VALUES,
} from '../../../../host/grpc/server/schema-values.ts';
import { JsonScanner } from '../../../../src/json/json-scanner.ts';
import { grpcTool } from '../../../support/grpc-session.ts';

/** A tool whose schemas have so many values, in a few more bytes of JSON. */
function toolOf(input: number, output: number) {
  const schema = (values: number) => Buffer.from(`[${'0,'.repeat(values - 2)}"é"]`);
  return {
    ...grpcTool('tool'),
    inputSchemaJson: schema(input),
    outputSchemaJson: schema(output),
  };
}

describe('The schemas of a request', () => {
  it('may have 500,000 values together', () => {
    const third = Math.floor(MAX_SCHEMA_VALUES / 3);
    const tools = [toolOf(third, third), toolOf(MAX_SCHEMA_VALUES - 2 * third - 2, 2)];
    checkSchemaValues(tools);
    assert.throws(() => checkSchemaValues([...tools, toolOf(2, 2)]), {
      code: 'limit_exceeded',
      message: /more than 500000 values/,
    });
  });

  it('are looked at no further than to the bound, and not at all if they are small', (t) => {
    let looked = 0;
    const push = JsonScanner.prototype.push;
    t.mock.method(JsonScanner.prototype, 'push', function (this: JsonScanner, bytes, start, end) {
      looked += end - start;
      return push.call(this, bytes, start, end);
    } as typeof push);
    checkSchemaValues([toolOf(1_000, 1_000)]);
    assert.equal(looked, 0);
    assert.throws(() => checkSchemaValues([toolOf(4_000_000, 2)]), /values/);
    assert.ok(looked < 2 * MAX_SCHEMA_VALUES + (64 << 10), `${looked} bytes`);
  });

  it('may be no JSON as far as this is concerned', () => {
    const inputSchemaJson = Buffer.from(`[1,,${'0,'.repeat(1_000_000)}`);
    checkSchemaValues([{ ...grpcTool('tool'), inputSchemaJson }]);
  });
});
