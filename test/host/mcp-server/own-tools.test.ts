import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  instructionsFor,
  type KnownTools,
  ownTools,
  reachOf,
  widest,
} from '../../../host/mcp-server/own-tools.ts';

const NOTHING: KnownTools = { definitions: [], servers: [], reach: widest([]), direct: [] };

describe('reachOf and widest', () => {
  it('take a tool without a word for destructive and open', () => {
    assert.deepEqual(reachOf(undefined), {
      isReadOnly: false,
      isDestructive: true,
      isOpenWorld: true,
    });
  });

  it('take a tool that only reads for not destructive, whatever else it says', () => {
    assert.equal(reachOf({ readOnlyHint: true, destructiveHint: true }).isDestructive, false);
  });

  it('are as wide as the widest tool', () => {
    const harmless = reachOf({ readOnlyHint: true, openWorldHint: false });
    const additive = reachOf({ destructiveHint: false, openWorldHint: false });
    assert.deepEqual(widest([harmless, additive]), {
      isReadOnly: false,
      isDestructive: false,
      isOpenWorld: false,
    });
    assert.deepEqual(widest([harmless, reachOf({})]), reachOf({}));
  });
});

describe('ownTools', () => {
  it('has the same order, whatever is known', () => {
    const servers = [{ name: 'a', tools: 3 }];
    for (const known of [NOTHING, { ...NOTHING, servers }]) {
      assert.deepEqual(
        ownTools(known, 'standard').map(({ name }) => name),
        ['exec', 'wait', 'cells'],
      );
    }
  });

  it('annotates exec by what it reaches, and asks clients to show it whole', () => {
    const [exec, wait] = ownTools({ ...NOTHING, reach: reachOf({}) }, 'standard');
    assert.equal(exec?.annotations?.destructiveHint, true);
    assert.equal(exec?.annotations?.openWorldHint, true);
    assert.equal(wait?.annotations?.destructiveHint, false);
    assert.deepEqual(exec?._meta, {
      'anthropic/alwaysLoad': true,
      'anthropic/maxResultSizeChars': 200_000,
    });
  });

  it('stays within 4,000 characters with many servers of many tools', () => {
    const definitions = Array.from({ length: 3000 }, (_, at) => ({
      name: `tool_${at}`,
      description: 'x'.repeat(300),
    }));
    const servers = Array.from({ length: 300 }, (_, at) => ({ name: `server-${at}`, tools: 10 }));
    const [exec] = ownTools({ ...NOTHING, definitions, servers }, 'standard');
    assert.ok((exec?.description?.length ?? 0) <= 4000);
    assert.match(exec?.description ?? '', /Servers: server-0 \(10 tools\), .* and \d+ more/);
    assert.match(exec?.description ?? '', /\d+ more: tools\.search/);
    const instructions = instructionsFor(servers.map(({ name }) => name));
    assert.ok(instructions.length <= 4000);
    assert.match(instructions, /and \d+ more\.$/);
  });

  it('cuts a name that is longer than all names may be', () => {
    assert.match(instructionsFor(['x'.repeat(5000)]), /: 1 more\.$|: and 1 more\.$/);
  });
});
