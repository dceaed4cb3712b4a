import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { connectFace, ERAS, type Era } from '../../support/mcp-face.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';

for (const era of Object.keys(ERAS) as Era[]) {
  describe(`McpFace, ${era} era`, () => {
    afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

    it('lists three tools in a fixed order, and grows the description later', async () => {
      let onChanged = () => {};
      const changed = new Promise<void>((resolve) => {
        onChanged = resolve;
      });
      const listChanged = { tools: { autoRefresh: false, onChanged: () => onChanged() } };
      await using face = await connectFace(era, { one: ugly('well') }, { listChanged });
      const before = (await face.client.listTools()).tools;
      assert.deepEqual(
        before.map(({ name }) => name),
        ['exec', 'wait', 'cells'],
      );
      assert.ok(!before[0]?.description?.includes('mcp__one__echo'));
      await changed;
      const after = (await face.client.listTools(undefined, { cacheMode: 'refresh' })).tools;
      assert.ok(after[0]?.description?.includes('mcp__one__echo'));
      assert.ok((after[0]?.description?.length ?? 0) <= 4000);
      assert.equal(after[0]?._meta?.['anthropic/alwaysLoad'], true);
    });

    it('runs a program over several servers', async () => {
      await using face = await connectFace(era, { one: ugly('well'), two: ugly('well') });
      const source = `const answers = await Promise.all([tools.mcp__one__echo({ a: 1 }), tools.mcp__two__echo({ b: 2 })]);
        for (const { structuredContent } of answers) text(structuredContent.args);`;
      const { header, texts, isError } = await face.call('exec', { source });
      assert.match(header, /^Script completed\nWall time \d+\.\d seconds\nOutput:\n$/);
      assert.deepEqual(texts, ['{"a":1}', '{"b":2}']);
      assert.equal(isError, false);
    });

    it('keeps the output of a program that fails', async () => {
      await using face = await connectFace(era);
      const { header, texts, isError } = await face.call('exec', {
        source: "text('so far'); throw new Error('no')",
      });
      assert.match(header, /^Script failed\n/);
      assert.equal(texts[0], 'so far');
      assert.match(texts[1] ?? '', /^Script error:\nError: no/);
      assert.equal(isError, true);
    });

    it('returns images and resource links as their blocks', async () => {
      await using face = await connectFace(era);
      const link = { type: 'resource_link', uri: 'file:///a', name: 'a' };
      const source = `image(${JSON.stringify(PIXEL)}); content(${JSON.stringify([link])});`;
      const { content } = await face.call('exec', { source });
      assert.deepEqual(content.slice(1), [
        { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
        link,
      ]);
    });

    it('leaves a program running that yields, lists it, and brings its end', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      const yielded = await face.call('exec', {
        source:
          'const hanging = tools.mcp__one__hang(); await tools.mcp__one__echo(); yield_control(); await hanging;',
      });
      assert.match(
        yielded.header,
        /^Script running with cell ID 1\nWall time .*\nWaiting for: mcp__one__hang \(tool-1\)\nOutput:\n$/,
      );
      const listed = await face.call('cells');
      assert.match(
        listed.header,
        /^Running programs: 1\nCell 1: started .* waits for mcp__one__hang \(tool-1\) for /,
      );
      const ended = await face.call('wait', { cell_id: '1', terminate: true });
      assert.match(ended.header, /^Script terminated\n/);
      const gone = await face.call('wait', { cell_id: '1' });
      assert.equal(gone.texts[0], 'Script error:\nexec cell 1 not found: it was terminated before');
      assert.equal(gone.isError, true);
      assert.equal((await face.call('cells')).header, 'No program is running');
    });

    it('wakes a wait at a notification, and says what time was used', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      await face.call('exec', {
        source:
          "yield_control(); await tools.mcp__one__echo(); notify('look'); await tools.mcp__one__hang()",
      });
      const woken = await face.call('wait', { cell_id: '1', yield_time_ms: 604_800_000 });
      assert.match(woken.header, /^Script running/);
      assert.match(woken.header, /\nYield time: 50000 ms were used, 604800000 were asked for\n/);
      assert.deepEqual(woken.texts, ['Notification: look']);
    });

    it('names servers that are missing in the first header, and runs without them', async () => {
      await using face = await connectFace(era, { dead: ugly('dies-at-start'), one: ugly('well') });
      const first = await face.call('exec', { source: 'text(1)' });
      assert.match(first.header, /\nTool server "dead" is missing: it exited with code 3\n/);
      assert.deepEqual(first.texts, ['1']);
      const second = await face.call('exec', { source: 'text(2)' });
      assert.doesNotMatch(second.header, /missing/);
    });

    it('lets programs catch the failure of a server', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      const source = 'try { await tools.mcp__one__die() } catch (error) { text(error.message) }';
      const { texts } = await face.call('exec', { source });
      assert.deepEqual(texts, [
        'tool_server_failed: Cannot call mcp__one__die: tool server "one" exited with code 7',
      ]);
    });

    it('finds, describes and lists tools for programs', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      const { texts } = await face.call('exec', {
        source: `text(await tools.search({ query: 'cancel', limit: 1 }));
          text(await tools.describe('mcp__one__pid'));
          text(ALL_TOOLS.filter(({ name }) => name.includes('pid')));
          try { await tools.describe('mcp__one__pidd') } catch (error) { text(error.message) }`,
      });
      assert.equal(texts[0], '[{"name":"mcp__one__cancelled","description":"does cancelled"}]');
      assert.match(texts[1] ?? '', /declare const tools: \{ mcp__one__pid\(/);
      assert.equal(texts[2], '[{"name":"mcp__one__pid","description":"does pid"}]');
      assert.match(texts[3] ?? '', /there is no tool mcp__one__pidd; did you mean .*mcp__one__pid/);
    });

    it('keeps what was cut, for programs and as a resource', async () => {
      await using face = await connectFace(era);
      const cut = await face.call('exec', {
        source: "text('a'.repeat(1000) + 'b'.repeat(1000))",
        max_output_tokens: 10,
      });
      assert.match(
        cut.header,
        /\nOutput cut: 500 tokens were written, the budget is 10; all of it: tools\.output\(\{ cell_id: '1' \}\)\n/,
      );
      assert.match(cut.texts[0] ?? '', /a{20}…490 tokens truncated…b{20}$/);
      const { texts } = await face.call('exec', {
        source: "text(await tools.output({ cell_id: '1', from: 998, to: 1002 }))",
      });
      assert.deepEqual(texts, ['{"text":"aabb","from":998,"to":1002,"total":2000}']);
      const { contents } = await face.client.readResource({ uri: 'cellhost://cells/1/output' });
      assert.equal((contents[0] as { text: string }).text.length, 2000);
      await assert.rejects(
        face.client.readResource({ uri: 'cellhost://cells/9/output' }),
        /not found/,
      );
    });

    it('serves 3,000 tools, and an answer of 20 MB', async () => {
      await using face = await connectFace(era, { one: ugly('huge') });
      const [big, found] = await Promise.all([
        face.call('exec', {
          source:
            'text((await tools.mcp__one__big({ length: 20_000_000 })).content[0].text.length)',
        }),
        face.call('exec', { source: "text((await tools.search({ query: 'tool_2999' }))[0].name)" }),
      ]);
      assert.deepEqual(big.texts, ['20000000']);
      assert.deepEqual(found.texts, ['mcp__one__tool_2999']);
      const { tools } = await face.client.listTools(undefined, { cacheMode: 'refresh' });
      assert.ok((tools[0]?.description?.length ?? 0) <= 4000);
      assert.match(tools[0]?.description ?? '', /\n\n\d+ more: tools\.search/);
    });

    it('answers bad arguments as errors that a model can read, and runs nothing', async () => {
      await using face = await connectFace(era);
      const bad: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
        ['exec', { source: ' ' }, /^exec expects raw JavaScript source text \(non-empty\)/],
        ['exec', { source: 'text(1)', yield: 1 }, /got `yield`$/],
        [
          'wait',
          { cell_id: '1', max_tokens: -1 },
          /^failed to parse function arguments: `max_tokens`/,
        ],
        ['cells', { terminate: '1' }, /^failed to parse function arguments: /],
      ];
      for (const [tool, args, text] of bad) {
        const { header, isError } = await face.call(tool, args);
        assert.match(header, text);
        assert.equal(isError, true);
      }
      assert.deepEqual((await face.client.listResources()).resources, []);
      await assert.rejects(face.call('nothing'), /Tool nothing not found/);
    });

    it('terminates a cell whose call is cancelled, and its nested calls at their server', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      const controller = new AbortController();
      const progress = Promise.withResolvers<void>();
      const running = face.call(
        'exec',
        { source: 'await tools.mcp__one__hang()' },
        { signal: controller.signal, onprogress: () => progress.resolve() },
      );
      await progress.promise;
      controller.abort();
      await assert.rejects(running);
      const { texts } = await face.call('exec', {
        source: 'text((await tools.mcp__one__cancelled()).structuredContent.count)',
      });
      assert.deepEqual(texts, ['1']);
      assert.equal((await face.call('cells')).header, 'No program is running');
    });

    it('ends the wait alone when a wait is cancelled, and keeps a yielded cell for late cancels', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      const execution = new AbortController();
      await face.call(
        'exec',
        { source: 'yield_control(); await tools.mcp__one__hang()' },
        { signal: execution.signal },
      );
      execution.abort();
      const waiting = new AbortController();
      const waited = face.call(
        'wait',
        { cell_id: '1', yield_time_ms: 20_000 },
        { signal: waiting.signal },
      );
      // Another wait is refused, so the first one has begun.
      const busy = await face.call('wait', { cell_id: '1' });
      assert.match(busy.header, /another call is waiting for it$/);
      waiting.abort();
      await assert.rejects(waited);
      assert.match((await face.call('cells')).header, /^Running programs: 1\n/);
    });

    it('runs nothing for a call that is cancelled before the servers have started', async () => {
      await using face = await connectFace(era, { one: ugly('silent') });
      const controller = new AbortController();
      const running = face.call('exec', { source: 'text(1)' }, { signal: controller.signal });
      const backend = await face.backend.load();
      controller.abort();
      await assert.rejects(running);
      await backend.nested.close();
      assert.equal((await face.call('cells')).header, 'No program is running');
      assert.deepEqual((await face.client.listResources()).resources, []);
    });

    it('tells of calls and notifications as progress that rises, and of nothing after the answer', async () => {
      await using face = await connectFace(era, { one: ugly('well') });
      const heard: { progress: number; message?: string | undefined }[] = [];
      await face.call(
        'exec',
        { source: "await tools.mcp__one__echo(); notify('almost'); await tools.mcp__one__echo();" },
        { onprogress: (progress) => void heard.push(progress) },
      );
      assert.equal(heard[0]?.message, 'mcp__one__echo started');
      const values = heard.map(({ progress }) => progress);
      assert.deepEqual(
        values,
        [...new Set(values)].sort((a, b) => a - b),
      );
      const count = heard.length;
      await face.call('exec', { source: 'await tools.mcp__one__echo()' });
      assert.equal(heard.length, count);
    });
  });
}
