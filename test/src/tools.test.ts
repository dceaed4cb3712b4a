import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  flatToolName,
  isReservedToolName,
  offeredTools,
  type ToolDefinition,
  toolIdentifier,
  toolNamespace,
} from '../../src/tools.ts';

function tool(name: string, description = ''): ToolDefinition {
  return { name, description };
}

describe('flatToolName', () => {
  it('leaves names of the default namespace alone', () => {
    for (const namespace of [null, '', 'functions']) {
      assert.equal(flatToolName({ name: 'apply_patch', namespace }), 'apply_patch');
      assert.equal(toolNamespace({ name: 'apply_patch', namespace }), null);
    }
  });

  it('joins a namespace and a name with two underscores', () => {
    assert.equal(flatToolName({ name: 'apply_patch', namespace: 'editor' }), 'editor__apply_patch');
    assert.equal(toolNamespace({ name: 'apply_patch', namespace: 'editor' }), 'editor');
  });

  it('adds no separator if either side already has an underscore', () => {
    assert.equal(flatToolName({ name: 'read', namespace: 'mcp__files__' }), 'mcp__files__read');
    assert.equal(flatToolName({ name: '_read', namespace: 'files' }), 'files_read');
    assert.equal(flatToolName({ name: '_read', namespace: 'files_' }), 'files__read');
  });
});

describe('toolIdentifier', () => {
  it('leaves identifiers alone', () => {
    for (const name of ['a', '_', '$x9', 'mcp__files__read', 'größe', '検索', 'ℂ', 'न\u200dम']) {
      assert.equal(toolIdentifier(name), name);
    }
  });

  it('replaces each character that an identifier cannot have', () => {
    assert.equal(toolIdentifier('hidden-dynamic-tool'), 'hidden_dynamic_tool');
    assert.equal(toolIdentifier('a.b c/é·'), 'a_b_c_é·');
    assert.equal(toolIdentifier('a😀b'), 'a_b');
    assert.equal(toolIdentifier('\u{323b0}\u088f'), '__');
    assert.equal(toolIdentifier('a\ud800b\n'), 'a_b_');
  });

  it('replaces a leading digit, and only that', () => {
    assert.equal(toolIdentifier('12monkeys'), '_2monkeys');
    assert.equal(toolIdentifier('٣a'), '_a');
    assert.equal(toolIdentifier('line\n1'), 'line_1');
  });

  it('keeps to ASCII where that is asked for', () => {
    assert.equal(toolIdentifier('a.b c/é', true), 'a_b_c__');
    const [offered] = offeredTools([tool('größe')], true);
    assert.equal(offered?.identifier, 'gr__e');
  });

  it('turns an empty name into an underscore', () => {
    assert.equal(toolIdentifier(''), '_');
  });

  it('always returns an identifier, and leaves identifiers unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const identifier = toolIdentifier(name);
        assert.match(identifier, /^[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*$/u);
        assert.match(toolIdentifier(name, true), /^[A-Za-z_$][A-Za-z0-9_$]*$/);
        assert.equal(toolIdentifier(identifier), identifier);
      }),
    );
  });
});

describe('offeredTools', () => {
  it('keeps the order of the definitions and passes them on unchanged', () => {
    const definitions = [tool('b'), tool('a-1'), tool('c')];
    assert.deepEqual(offeredTools(definitions), [
      { definition: definitions[0], identifier: 'b' },
      { definition: definitions[1], identifier: 'a_1' },
      { definition: definitions[2], identifier: 'c' },
    ]);
    assert.equal(offeredTools(definitions)[1]?.definition, definitions[1]);
  });

  it('offers the first of the tools that share an identifier', () => {
    const definitions = [tool('a-b', 'first'), tool('a_b', 'second'), tool('a.b', 'third')];
    assert.deepEqual(
      offeredTools(definitions).map(({ definition }) => definition.description),
      ['first'],
    );
  });

  it('does not offer the tools that run programs', () => {
    assert.deepEqual(offeredTools([tool('exec'), tool('wait'), tool('execute'), tool('waits')]), [
      { definition: tool('execute'), identifier: 'execute' },
      { definition: tool('waits'), identifier: 'waits' },
    ]);
    assert.ok(isReservedToolName('exec') && isReservedToolName('wait'));
    assert.ok(!isReservedToolName('Exec') && !isReservedToolName('ns__exec'));
  });

  it('offers tools named like members of Object.prototype', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    assert.deepEqual(
      offeredTools(names.map((name) => tool(name))).map(({ identifier }) => identifier),
      names,
    );
  });

  it('gives unique identifiers in the order of the definitions', () => {
    const names = fc.array(fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('exec', 'wait')));
    fc.assert(
      fc.property(names, (given) => {
        const definitions = given.map((name) => tool(name));
        const offered = offeredTools(definitions);
        const identifiers = offered.map(({ identifier }) => identifier);
        assert.equal(new Set(identifiers).size, identifiers.length);
        const positions = offered.map(({ definition }) => definitions.indexOf(definition));
        assert.deepEqual(
          positions,
          positions.toSorted((a, b) => a - b),
        );
        for (const name of given.filter((each) => !isReservedToolName(each))) {
          assert.ok(identifiers.includes(toolIdentifier(name)));
        }
      }),
    );
  });
});
