import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { connectFace, ERAS, type Era } from '../../support/mcp-face.ts';
import { EVERYTHING } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cellhost-reference-')));

const serversFor = (era: Era) => ({
  everything: { command: EVERYTHING },
  files: { command: 'node_modules/.bin/mcp-server-filesystem', args: [folder] },
  memory: {
    command: 'node_modules/.bin/mcp-server-memory',
    env: { MEMORY_FILE_PATH: join(folder, `${era}.jsonl`) },
  },
});

const SOURCE = `
const path = ${JSON.stringify(join(folder, 'note.txt'))};
const entities = [{ name: 'Ada', entityType: 'person', observations: ['counts'] }];
const [sum] = await Promise.all([
  tools.mcp__everything__get_sum({ a: 20, b: 22 }),
  tools.mcp__files__write_file({ path, content: 'written' }),
  tools.mcp__memory__create_entities({ entities }),
]);
text(sum.content[0].text);
text((await tools.mcp__files__read_text_file({ path })).content[0].text);
const found = await tools.mcp__memory__search_nodes({ query: 'Ada' });
text(found.structuredContent.entities[0].observations);
content((await tools.mcp__everything__get_tiny_image({})).content.filter(({ type }) => type === 'image'));
text((await tools.search({ query: 'knowledge graph', limit: 1 }))[0].name);
`;

describe('Reference servers, all at once', () => {
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  for (const era of Object.keys(ERAS) as Era[]) {
    it(`serve one program of the official client, ${era} era`, async () => {
      await using face = await connectFace(era, serversFor(era));
      const { header, texts, content } = await face.call('exec', { source: SOURCE });
      assert.match(header, /^Script completed\n/, texts.join('\n'));
      assert.deepEqual(texts.slice(0, 3), ['The sum of 20 and 22 is 42.', 'written', '["counts"]']);
      assert.equal(content.filter(({ type }) => type === 'image').length, 1);
      assert.match(texts[3] ?? '', /^mcp__memory__/);
      const { tools } = await face.client.listTools(undefined, { cacheMode: 'refresh' });
      assert.equal(tools.length, 3);
    });
  }
});
