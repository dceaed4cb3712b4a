import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { connectFace } from '../../support/mcp-face.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants, untilGone } from '../../support/processes.ts';

const SAID = '.catch((error) => error.message)';

describe('A nested server that misbehaves', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('may have schemas that nobody can use: its tools are called all the same', async () => {
    await using face = await connectFace('legacy', { one: ugly('bad-schemas') });
    const names = ['circular', 'dangling', 'nonsense'];
    const source = `for (const name of ${JSON.stringify(names)}) {
      const { structuredContent } = await tools['mcp__one__' + name]({ a: 1 });
      text(structuredContent.name);
      text((await tools.describe('mcp__one__' + name)).includes(name));
    }`;
    const { texts } = await face.call('exec', { source });
    assert.deepEqual(
      texts,
      names.flatMap((name) => [name, 'true']),
    );
    const { tools } = await face.client.listTools(undefined, { cacheMode: 'refresh' });
    assert.ok((tools[0]?.description?.length ?? 0) <= 4000);
  });

  it('is missing with a reason if its schemas are too deep to be read, and others go on', async () => {
    const servers = { deep: ugly('deep-schemas'), one: ugly('well') };
    await using face = await connectFace('legacy', servers);
    const { header, texts } = await face.call('exec', {
      source: 'text((await tools.mcp__one__echo({ a: 1 })).structuredContent.args)',
    });
    assert.match(header, /\nTool server "deep" is missing: it failed: .*stack.*\n/);
    assert.deepEqual(texts, ['{"a":1}']);
  });

  it('may write what is no UTF-8 and no message: the result is read as far as it can be', async () => {
    await using face = await connectFace('legacy', { one: ugly('bad-bytes') });
    const { texts } = await face.call('exec', {
      source:
        'text((await tools.mcp__one__bytes()).content[0].text); text((await tools.mcp__one__echo({ a: 1 })).structuredContent.args)',
    });
    assert.deepEqual(texts, ['\ufffd', '{"a":1}']);
  });

  it('fails its running call when it is killed, and no other; it is there again later', async () => {
    await using face = await connectFace('legacy', { one: ugly('well'), two: ugly('well') });
    const { texts } = await face.call('exec', {
      source: 'text((await tools.mcp__one__pid()).structuredContent.pid)',
    });
    const hanging = face.call(
      'exec',
      {
        source: `const hanging = tools.mcp__one__hang()${SAID};
        const other = tools.mcp__two__hang();
        await tools.mcp__one__echo();
        notify('it hangs');
        text(await hanging);
        text((await tools.mcp__two__echo({ b: 2 })).structuredContent.args);`,
      },
      {
        onprogress: ({ message }) =>
          void (message === 'it hangs' && process.kill(Number(texts[0]), 'SIGKILL')),
      },
    );
    assert.deepEqual(
      (await hanging).texts.filter((text) => !/^Not/.test(text)),
      [
        'tool_server_failed: Cannot call mcp__one__hang: tool server "one" was ended by SIGKILL',
        '{"b":2}',
      ],
    );
    await untilGone(Number(texts[0]));
    const again = await face.call('exec', {
      source: `let answer;
        while (typeof answer !== 'object') answer = await tools.mcp__one__echo({ c: 3 })${SAID};
        text(answer.structuredContent.args)`,
    });
    assert.deepEqual(again.texts, ['{"c":3}']);
  });

  it('may change its tools while a program runs: the program goes on, the next one has them', async () => {
    await using face = await connectFace('legacy', { one: ugly('grows') });
    const first = await face.call('exec', {
      source: `await tools.mcp__one__grow();
        while (true) {
          const [found] = await tools.search({ query: 'grown', limit: 1 });
          if (found?.name === 'mcp__one__grown') break;
        }
        text((await tools.mcp__one__echo({ a: 1 })).structuredContent.args);`,
    });
    assert.deepEqual(first.texts, ['{"a":1}']);
    const next = await face.call('exec', {
      source: 'text((await tools.mcp__one__grown({ b: 2 })).structuredContent.name)',
    });
    assert.deepEqual(next.texts, ['grown']);
  });

  it('may never answer: no other program waits for it', async () => {
    await using face = await connectFace('legacy', { one: ugly('well') });
    const hanging = 'yield_control(); await tools.mcp__one__hang()';
    await Promise.all([1, 2, 3].map(() => face.call('exec', { source: hanging })));
    const { texts } = await face.call('exec', {
      source: 'text((await tools.mcp__one__echo({ a: 1 })).structuredContent.args)',
    });
    assert.deepEqual(texts, ['{"a":1}']);
    assert.match((await face.call('cells')).header, /^Running programs: 3\n/);
  });
});
