import { Bench } from 'tinybench';
import { schemaToTypescript } from '../../../src/describe/schema-to-typescript.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timedSync,
} from '../../support/measurement.ts';

const PER_SAMPLE = 100;

/** A typical argument of an MCP tool: a search with filters. */
const SEARCH = {
  type: 'object',
  properties: {
    query: { type: 'string', description: 'What to look for' },
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    sort: { enum: ['relevance', 'date', 'name'] },
    filters: {
      type: 'array',
      items: { $ref: '#/$defs/filter' },
      description: 'All of them must hold',
    },
    cursor: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  },
  required: ['query'],
  additionalProperties: false,
  $defs: {
    filter: {
      type: 'object',
      properties: {
        field: { type: 'string' },
        operator: { enum: ['=', '<', '>', 'contains'] },
        value: { type: ['string', 'number', 'boolean'] },
      },
      required: ['field', 'operator', 'value'],
    },
  },
};

const PLAIN = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };

/** How long does it take to render the type of a tool's argument? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const bench = new Bench(
    benchOptions('one schema as TypeScript', pace, { samples: 200, timeMs: 500, warmups: 20 }),
  );
  const add = (name: string, schema: unknown, part: string) => {
    bench.add(name, () => {
      let found = 0;
      const time = timedSync(() => {
        if (schemaToTypescript(schema).includes(part)) found += 1;
      }, PER_SAMPLE);
      check(`Types with ${part}`, found, PER_SAMPLE);
      return time;
    });
  };
  add('one property', PLAIN, 'path: string');
  add('a search with filters', SEARCH, 'operator: "="');
  return measured(bench, 'µs');
}
