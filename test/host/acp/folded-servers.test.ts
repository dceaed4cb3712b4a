import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FoldingTerms, foldServers, idlePolicies } from '../../../host/acp/folded-servers.ts';

const STDIO = {
  name: 'files',
  command: '/bin/files',
  args: ['-x'],
  env: [{ name: 'A', value: 'b' }],
};
const HTTP = {
  type: 'http',
  name: 'far',
  url: 'http://127.0.0.1:1/mcp',
  headers: [{ name: 'Authorization', value: 'Bearer x' }],
};

function fold(entries: readonly unknown[], terms: Partial<FoldingTerms> = {}) {
  const keep = new Set<string>();
  return foldServers(entries, {
    version: 1,
    ownName: 'cellhost',
    keep,
    taken: [],
    cwd: '/w',
    policies: new Map(),
    ...terms,
  });
}

describe('foldServers', () => {
  it('folds processes, which run where the session is, and HTTP', () => {
    assert.deepEqual(fold([STDIO, HTTP]), {
      kept: [],
      folded: {
        files: { command: '/bin/files', args: ['-x'], env: { A: 'b' }, cwd: '/w' },
        far: { url: 'http://127.0.0.1:1/mcp', headers: { Authorization: 'Bearer x' } },
      },
      ownName: 'cellhost',
      warnings: [],
    });
  });

  it('takes every text as it is: an editor fills in its variables itself', () => {
    const { folded } = fold([{ ...STDIO, args: ['${HOME}', '$${HOME}'] }]);
    assert.deepEqual((folded.files as { args?: unknown }).args, ['${HOME}', '$${HOME}']);
  });

  it('demands the type of a process in version 2', () => {
    assert.deepEqual(fold([STDIO], { version: 2 }).kept, [0]);
    const { folded } = fold([{ type: 'stdio', name: 'a', command: '/a' }], { version: 2 });
    assert.deepEqual(folded.a, { command: '/a', args: [], env: {}, cwd: '/w' });
  });

  it('leaves with the agent what it cannot read or start', () => {
    const strange = [
      null,
      7,
      {},
      { ...HTTP, type: 'sse' },
      { type: 'acp', name: 'x', id: '1' },
      { ...STDIO, args: 'x' },
      { ...STDIO, env: { A: 'b' } },
      { ...STDIO, command: '' },
      { ...STDIO, name: ' ' },
      { ...STDIO, args: ['\0'] },
      { ...HTTP, url: 'ftp://x' },
    ];
    const { kept, folded } = fold(strange);
    assert.deepEqual(kept, [...strange.keys()]);
    assert.deepEqual(folded, {});
  });

  it('leaves what is asked for', () => {
    assert.deepEqual(fold([STDIO, HTTP], { keep: new Set(['far']) }).kept, [1]);
    assert.deepEqual(fold([STDIO, HTTP], { keep: new Set(['*']) }).kept, [0, 1]);
  });

  it('has a name of its own', () => {
    const named = (name: string) => ({ ...STDIO, name });
    assert.equal(fold([named('cellhost')]).ownName, 'cellhost_2');
    assert.equal(fold([named('cellhost'), named('cellhost_2')]).ownName, 'cellhost_3');
    assert.equal(fold([named('x')], { ownName: 'x' }).ownName, 'x_2');
  });

  it('leaves the second of two whose tools would have the same names, and says so', () => {
    const { kept, warnings } = fold([STDIO, { ...STDIO, command: '/other' }]);
    assert.deepEqual(kept, [1]);
    assert.match(warnings.join(), /^Tool server "files" stays with the agent/);
    assert.deepEqual(fold([STDIO], { taken: ['files'] }).kept, [0]);
    assert.deepEqual(fold([{ ...STDIO, name: 'a.b' }], { taken: ['a_b'] }).kept, [0]);
  });

  it('gives servers the policy for their name, or the one for all others', () => {
    const policies = new Map([
      ['far', { ask: ['a'] }],
      ['*', { deny: ['b'] }],
      ['gone', { ask: ['*'] }],
    ]);
    const named = (name: string) => ({ ...STDIO, name });
    const { folded } = fold([STDIO, HTTP, named('toString')], { policies });
    assert.deepEqual(folded.far?.tools, { ask: ['a'] });
    assert.deepEqual(folded.files?.tools, { deny: ['b'] });
    assert.deepEqual(new Map(Object.entries(folded)).get('toString')?.tools, { deny: ['b'] });
    const [idle, ...more] = idlePolicies(policies, folded);
    assert.match(idle ?? '', /^The policy for tool server "gone" has no effect/);
    assert.deepEqual(more, []);
    const kept = fold([HTTP], { policies, keep: new Set(['*']) });
    assert.equal(idlePolicies(policies, kept.folded).length, 2);
  });
});
