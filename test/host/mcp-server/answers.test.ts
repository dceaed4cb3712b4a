import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { connectFace, ERAS, type Era } from '../../support/mcp-face.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

/** The promise is 100 ms; the rest is for a machine under load. */
const TERMINATED_MS = 1000;
const HANGING = 'yield_control(); await tools.mcp__one__hang()';

for (const era of Object.keys(ERAS) as Era[]) {
  describe(`Answers, ${era} era`, () => {
    afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

    it('have no structured content, and our tools no output schema', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      const args = { source: 'text(await tools.mcp__one__echo({ a: 1 }))' };
      const answer = await face.client.callTool({ name: 'exec', arguments: args });
      assert.equal('structuredContent' in answer, false);
      const list = await face.client.listTools(undefined, { cacheMode: 'refresh' });
      assert.ok(list.tools.every(({ outputSchema }) => outputSchema === undefined));
      assert.equal(list.cacheScope, era === 'modern' ? 'private' : undefined);
    });

    it('say why a cell is not there', async () => {
      await using face = await connectFace(era);
      const waitFor = async (cell_id: string) => {
        const { header, texts, isError } = await face.call('wait', { cell_id });
        assert.match(header, /^Script failed\n/);
        assert.equal(isError, true);
        return texts[0]?.replace('Script error:\n', '');
      };
      await face.call('exec', { source: 'text(1)' });
      assert.equal(await waitFor('1'), 'exec cell 1 not found: its result was delivered before');
      for (const id of ['2', '', '-1', '1 ', '__proto__']) {
        const expected = `exec cell ${id} not found: no cell of this session has this ID`;
        assert.equal(await waitFor(id), expected);
      }
    });

    it('say which yield time was used: from 250 ms for a wait, to 50 s without progress', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      await face.call('exec', { source: HANGING });
      const short = await face.call('wait', { cell_id: '1', yield_time_ms: 0 });
      assert.match(short.header, /^Script running with cell ID 1\nWall time 0\.[2-9] seconds\n/);
      assert.match(short.header, /\nYield time: 250 ms were used, 0 were asked for\n/);
      const long = { source: 'text(1)', yield_time_ms: 604_800_000 };
      const silent = await face.call('exec', long);
      assert.match(silent.header, /\nYield time: 50000 ms were used, 604800000 were asked for\n/);
      const telling = await face.call('exec', long, { onprogress: () => {} });
      assert.match(
        telling.header,
        /\nYield time: 3600000 ms were used, 604800000 were asked for\n/,
      );
      const within = await face.call(
        'exec',
        { source: 'text(1)', yield_time_ms: 60_000 },
        { onprogress: () => {} },
      );
      assert.doesNotMatch(within.header, /Yield time/);
    });

    it('are cut to 10,000 tokens by default, with head and tail', async () => {
      await using face = await connectFace(era);
      const { header, texts } = await face.call('exec', {
        source: "text('head ' + 'x '.repeat(40_000) + ' tail')",
      });
      assert.match(header, /\nOutput cut: \d+ tokens were written, the budget is 10000; /);
      const [text = ''] = texts;
      // A failed match would print all of it.
      assert.ok(/\nhead x.*tokens truncated.* tail$/s.test(text), text.slice(0, 200));
      assert.ok(text.length < 41_000, String(text.length));
    });

    it('do not come for a call that is cancelled: its program ends at once, also one that computes', async () => {
      await using face = await connectFace(era);
      const controller = new AbortController();
      const begun = Promise.withResolvers<void>();
      const running = face.call(
        'exec',
        { source: "notify('begun'); for (;;);" },
        { signal: controller.signal, onprogress: () => begun.resolve() },
      );
      await begun.promise;
      const since = performance.now();
      controller.abort();
      await assert.rejects(running);
      while ((await face.call('cells')).header !== 'No program is running') {
        assert.ok(performance.now() - since < TERMINATED_MS, 'it ends soon');
      }
    });
  });
}
