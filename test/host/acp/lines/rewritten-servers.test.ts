import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rewrittenServers } from '../../../../host/acp/lines/rewritten-servers.ts';
import { seeLine } from '../../../../host/acp/lines/seen-line.ts';

const OURS = { name: 'cellhost' };

function rewrite(text: string, kept: readonly number[]): string | undefined {
  const line = Buffer.from(text);
  const seen = seeLine(line);
  assert.ok('params' in seen && seen.params);
  return rewrittenServers(line, seen.params, { kept, added: OURS })?.toString();
}

describe('rewrittenServers', () => {
  it('adds ours behind those that stay, and changes nothing else', () => {
    const text =
      '{ "id":9007199254740993,"method":"session/new", "params":{"x":1.0,"mcpServers": [ {"name":"a", "n":1e400} , {"name":"b"}, 7 ],"_meta":{}}, "z":"\\u00e9" }';
    assert.equal(
      rewrite(text, [0, 2]),
      '{ "id":9007199254740993,"method":"session/new", "params":{"x":1.0,"mcpServers": [{"name":"a", "n":1e400},7,{"name":"cellhost"}],"_meta":{}}, "z":"\\u00e9" }',
    );
  });

  it('makes a list where there is none', () => {
    const ours = '"mcpServers":[{"name":"cellhost"}]';
    const table = [
      ['{ }', `{${ours} }`],
      ['{"cwd":"/"}', `{${ours},"cwd":"/"}`],
      ['{"mcpServers":null}', `{${ours}}`],
      ['{"mcpServers":[]}', `{${ours}}`],
    ] as const;
    for (const [params, expected] of table) {
      assert.equal(
        rewrite(`{"method":"session/new","params":${params}}`, []),
        `{"method":"session/new","params":${expected}}`,
      );
    }
  });

  it('leaves a list that is no array to the agent', () => {
    for (const list of ['"x"', '{"a":1}', '7', 'true']) {
      assert.equal(rewrite(`{"method":"m","params":{"mcpServers":${list}}}`, []), undefined);
    }
  });

  it('keeps every byte around the list, whatever is there', () => {
    const any = fc.jsonValue().map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(any, any, fc.array(any), (before, behind, entries) => {
        const head = `{"method":"m","params":{"a":${before},"mcpServers":`;
        const tail = `,"b":${behind}}}`;
        const kept = [...entries.keys()].filter((index) => index % 2 === 0);
        const staying = kept.map((index) => entries[index]);
        assert.equal(
          rewrite(`${head}[${entries.join(' , ')}]${tail}`, kept),
          `${head}[${[...staying, JSON.stringify(OURS)].join(',')}]${tail}`,
        );
      }),
    );
  });
});
