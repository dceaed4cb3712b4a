import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { runCell } from '../../support/finished-cell.ts';

const PNG = 'data:image/png;base64,AAAA';
const IMAGE_USAGE =
  'image expects a non-empty image URL string, an object with image_url and optional detail, or a raw MCP image block';
const AUDIO_USAGE =
  'audio expects a non-empty audio URL string, an object with audio_url, or a raw MCP audio block';
const CONTENT_USAGE = 'content expects one MCP ContentBlock';
const REMOTE =
  'Tool call failed: remote image URLs are not supported in tool outputs. Pass a base64 data URI instead';
const INVALID = 'Tool call failed: invalid image output. Pass a base64 data URI instead';
const INVALID_AUDIO = 'Tool call failed: invalid audio output. Pass a base64 data URI instead';
const DETAILS = 'image detail must be one of: auto, low, high, original';
const DETAIL_TYPE = 'image detail must be a string when provided';
const GENERATED_USAGE = 'generatedImage expects an image generation result object';
const HINT = 'generatedImage output_hint must be a string when provided';
const NO_VALUE = 'failed to serialize JavaScript value: expected value at line 1 column 1';

/** What a helper refuses, and the whole text it says then. */
const REFUSALS: readonly (readonly [source: string, text: string])[] = [
  ['image()', IMAGE_USAGE],
  ['image(null)', IMAGE_USAGE],
  ['image(true)', IMAGE_USAGE],
  ['image({})', IMAGE_USAGE],
  ['image({ image_url: "" })', IMAGE_USAGE],
  ['image({ image_url: null })', IMAGE_USAGE],
  ['image({ image_url: 5 })', IMAGE_USAGE],
  ['image({ type: 5 })', IMAGE_USAGE],
  ['image({ content: [{ type: "image", data: "AAAA" }], isError: false })', IMAGE_USAGE],
  ['image({ type: "audio", data: "AAAA" })', 'image only accepts MCP image blocks, got "audio"'],
  ['image({ type: "" })', 'image only accepts MCP image blocks, got ""'],
  ['image({ type: "image" })', 'image expected MCP image data'],
  ['image({ type: "image", data: "" })', 'image expected MCP image data'],
  ['image({ type: "image", data: 5 })', 'image expected MCP image data'],
  [`image({ image_url: "${PNG}", detail: 5 })`, DETAIL_TYPE],
  [`image({ image_url: "${PNG}", detail: "huge" })`, DETAILS],
  [`image("${PNG}", {})`, DETAIL_TYPE],
  [`image("${PNG}", false)`, DETAIL_TYPE],
  [`image("${PNG}", "medium")`, DETAILS],
  [`image("${PNG}", "")`, DETAILS],
  ['image(5, 5)', DETAIL_TYPE],
  ['image("http://example.com/a.png")', REMOTE],
  ['image("HTTPS://example.com/a.png")', REMOTE],
  ['image({ image_url: "https://example.com/a.png" }, "huge")', REMOTE],
  ['image("file:///etc/passwd")', INVALID],
  ['image("no scheme")', INVALID],
  ['image("the tool failed: no image", "high")', INVALID],
  ['audio()', AUDIO_USAGE],
  ['audio("")', AUDIO_USAGE],
  ['audio([])', AUDIO_USAGE],
  ['audio(null)', AUDIO_USAGE],
  ['audio({ audio_url: 5 })', AUDIO_USAGE],
  ['audio({ type: "image", data: "A" })', 'audio only accepts MCP audio blocks, got "image"'],
  ['audio({ type: "audio" })', 'audio expected MCP audio data'],
  ['audio("https://example.com/a.wav")', INVALID_AUDIO],
  ['audio("wav")', INVALID_AUDIO],
  ['generatedImage()', GENERATED_USAGE],
  ['generatedImage(null)', GENERATED_USAGE],
  [`generatedImage("${PNG}")`, GENERATED_USAGE],
  [`generatedImage({ image_url: "${PNG}", output_hint: 5 })`, HINT],
  ['generatedImage({ image_url: 5, output_hint: 5 })', HINT],
  ['generatedImage({ image_url: "https://example.com/a.png" })', REMOTE],
  ['generatedImage({ image_url: "oops: no" })', INVALID],
  [`generatedImage({ image_url: "${PNG}", detail: "medium" })`, DETAILS],
  ['content()', CONTENT_USAGE],
  ['content(null)', CONTENT_USAGE],
  ['content({})', CONTENT_USAGE],
  ['content({ type: "text" })', CONTENT_USAGE],
  ['content({ type: "text", text: 5 })', CONTENT_USAGE],
  ['content({ type: "image" })', CONTENT_USAGE],
  ['content({ type: "other", text: "x" })', CONTENT_USAGE],
  ['content([[{ type: "text", text: "x" }]])', CONTENT_USAGE],
  ['content({ type: "resource", resource: { uri: "a:b" } })', CONTENT_USAGE],
  ['notify("")', 'notify expects non-empty text'],
  ['notify(" \\n\\t\\u00a0")', 'notify expects non-empty text'],
  ['store(Symbol("k"), 1)', 'store key must be a string'],
  ['load(Symbol("k"))', 'load key must be a string'],
  ['store({ toString() { throw 1 } }, 1)', 'store key must be a string'],
  ['store(Object.create(null), 1)', 'store key must be a string'],
  ['load({ toString() { throw 1 } })', 'load key must be a string'],
  ['store("k")', 'Unable to store "k". Only plain serializable objects can be stored.'],
  [
    'store("a\\"\\n", undefined)',
    'Unable to store "a\\"\\n". Only plain serializable objects can be stored.',
  ],
  ['store("k", () => 1)', NO_VALUE],
  ['store("k", Symbol("v"))', NO_VALUE],
  ['store("k", { toJSON() {} })', NO_VALUE],
  ['tools.echo(() => 1)', NO_VALUE],
  ['tools.echo(Symbol("v"))', NO_VALUE],
  ['setTimeout()', 'setTimeout expects a function callback'],
  ['setTimeout({})', 'setTimeout expects a function callback'],
  ['clearTimeout({ valueOf() { throw 1 } })', 'clearTimeout expects a numeric timeout id'],
  ['clearTimeout(Symbol("t"))', 'clearTimeout expects a numeric timeout id'],
  ['await tools.fail()', 'tool failed badly'],
];

/** What helpers accept, and what comes of it. */
const OUTPUTS: readonly (readonly [source: string, items: readonly unknown[]])[] = [
  [`image("${PNG}")`, [image('high')]],
  [`image("${PNG}", null)`, [image('high')]],
  [`image("${PNG}", "LOW")`, [image('low')]],
  [`image({ image_url: "${PNG}", detail: "Auto" })`, [image('auto')]],
  [`image({ image_url: "${PNG}", detail: "low" }, "original")`, [image('original')]],
  ['image("DATA:image/png;base64,AAAA")', [image('high', 'DATA:image/png;base64,AAAA')]],
  ['image({ type: "image", data: "AAAA", mime_type: "image/png" })', [image('high')]],
  [
    'image({ type: "image", data: "AAAA" })',
    [image('high', 'data:application/octet-stream;base64,AAAA')],
  ],
  [
    'image({ type: "image", data: "AAAA", mimeType: "image/png", _meta: { "codex/imageDetail": "original" } }, "high")',
    [image('high')],
  ],
  [
    'image({ type: "image", data: "AAAA", mimeType: "image/png", _meta: { "codex/imageDetail": "LOW" } })',
    [image('high')],
  ],
  [
    'image({ type: "image", data: "Data:image/png;base64,AAAA" })',
    [image('high', 'Data:image/png;base64,AAAA')],
  ],
  [
    `generatedImage({ image_url: "${PNG}", output_hint: "" })`,
    [image('high'), { type: 'input_text', text: '' }],
  ],
  [`generatedImage({ image_url: "${PNG}" })`, [image('high')]],
  [
    'audio({ type: "audio", data: "AAAA" })',
    [{ type: 'input_audio', audio_url: 'data:application/octet-stream;base64,AAAA' }],
  ],
  [
    'content([{ type: "resource_link", uri: "a:b" }, { type: "resource", resource: { uri: "a:b", blob: "AA" } }])',
    [
      { type: 'input_text', text: '{"type":"resource_link","uri":"a:b"}' },
      { type: 'input_text', text: '{"type":"resource","resource":{"uri":"a:b","blob":"AA"}}' },
    ],
  ],
  ['content([])', []],
  ['text(10n ** 20n); text(-0); text(NaN)', texts('100000000000000000000', '0', 'NaN')],
  [
    'text(new Date(0)); text(new Map([[1, 2]])); text([null])',
    texts('"1970-01-01T00:00:00.000Z"', 'Map(1) [[1,2]]', '[null]'),
  ],
  ['text({ toJSON() {} })', texts('undefined')],
  ['text("a", "b")', texts('a')],
  ['text(new Proxy({ a: 1 }, {}))', texts('{"a":1}')],
];

function image(detail: string, image_url = PNG) {
  return { type: 'input_image', image_url, detail };
}

function texts(...all: readonly string[]) {
  return all.map((text) => ({ type: 'input_text', text }));
}

describe('The helpers of a program', { timeout: 120_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const toolErrors of ['error', 'string'] as const) {
    for (const [source, want] of REFUSALS) {
      it(`refuse ${source}, as ${toolErrors}`, async () => {
        const { texts } = await runCell(
          sandbox,
          `try { ${source}; text('no error') } catch (e) {
            text(typeof e === 'string' ? 'string' : e instanceof Error ? 'error' : 'other');
            text(e?.message ?? e);
          }`,
          { toolErrors },
        );
        assert.deepEqual(texts, [toolErrors, want]);
      });
    }
  }

  for (const [source, want] of OUTPUTS) {
    it(`accept ${source}`, async () => {
      const { items, failure } = await runCell(sandbox, source);
      assert.equal(failure, null);
      assert.deepEqual(items, want);
    });
  }

  it('refuse a function as an image in the words of the reference engine', async () => {
    const want = 'failed to serialize JavaScript value: expected value at line 1 column 1';
    for (const source of ['image(() => 1)', 'audio(() => 1)']) {
      const { texts } = await runCell(sandbox, `try { ${source} } catch (e) { text(e.message) }`);
      assert.deepEqual(texts, [want]);
    }
  });

  it('return nothing', async () => {
    const { texts } = await runCell(
      sandbox,
      `text([text(''), image('${PNG}'), audio('data:,'), notify('n'), store('k', 1),
        clearTimeout(), content([]), generatedImage({ image_url: '${PNG}' })]
        .every((value) => value === undefined));`,
    );
    assert.deepEqual(texts, ['', 'true']);
  });

  it('can be overwritten and deleted by the program', async () => {
    const { texts, failure } = await runCell(
      sandbox,
      `const say = text;
      for (const name of ['tools', 'ALL_TOOLS', 'text', 'image', 'audio', 'generatedImage', 'content',
        'store', 'load', 'notify', 'yield_control', 'exit', 'setTimeout', 'clearTimeout',
        'as_settled', 'stream_settled']) {
        const { writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, name);
        if (!writable || !configurable) say(name);
        globalThis[name] = 1; delete globalThis[name];
      }
      say(typeof tools);`,
    );
    assert.equal(failure, null);
    assert.deepEqual(texts, ['undefined']);
  });

  it('are all there is beside the built-ins', async () => {
    const { texts } = await runCell(
      sandbox,
      `text(['console', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'process', 'require', 'Buffer',
        'fetch', 'URL', 'structuredClone', 'queueMicrotask', 'setInterval', 'setImmediate', 'crypto',
        'performance', 'global', 'gc', 'module', '$cellhost$begin']
        .filter((name) => name in globalThis));
      text(['Intl', 'Iterator', 'DisposableStack', 'WeakRef', 'FinalizationRegistry', 'Proxy', 'eval',
        'Function', 'escape'].filter((name) => !(name in globalThis)));`,
    );
    assert.deepEqual(texts, ['[]', '[]']);
  });

  it('keep the stored value when a new one cannot be stored', async () => {
    const { texts } = await runCell(
      sandbox,
      `store('k', 1);
      for (const bad of [undefined, () => 1, 1n]) try { store('k', bad) } catch {}
      text(load('k'));`,
    );
    assert.deepEqual(texts, ['1']);
  });

  it('know the depth at which JSON is refused', async () => {
    const nested = (depth: number) => `JSON.parse('['.repeat(${depth}) + ']'.repeat(${depth}))`;
    const { texts } = await runCell(
      sandbox,
      `store('k', ${nested(127)}); text('stored');
      try { store('k', ${nested(128)}) } catch (e) { text(e.message) }
      try { await tools.echo(${nested(128)}) } catch (e) { text(e.message) }
      text(await tools.echo('['.repeat(500) + '\\\\"{'));`,
    );
    const refused =
      'failed to serialize JavaScript value: recursion limit exceeded at line 1 column 128';
    assert.deepEqual(texts, ['stored', refused, refused, `${'['.repeat(500)}\\"{`]);
  });

  it('pass the first argument of a tool call on, and nothing where it is undefined', async () => {
    const { calls } = await runCell(
      sandbox,
      `await tools.echo(1, 2); await tools.echo(undefined); await tools.echo(); await tools.echo(null)`,
    );
    assert.deepEqual(calls, [
      ['echo', 1],
      ['echo', undefined],
      ['echo', undefined],
      ['echo', null],
    ]);
  });

  describe('timers', () => {
    it('call back without this and without arguments', async () => {
      const { texts } = await runCell(
        sandbox,
        `await new Promise((r) => setTimeout(function () { text([this === undefined, arguments.length]); r() }, 0, 1, 2))`,
      );
      assert.deepEqual(texts, ['[true,0]']);
    });

    it('have the ids 1, 2, 3', async () => {
      const { texts } = await runCell(
        sandbox,
        `text([setTimeout(() => {}), setTimeout(() => {}, 1e9), setTimeout(() => {})])`,
      );
      assert.deepEqual(texts, ['[1,2,3]']);
    });

    it('fail the cell with what they throw, beneath the output so far', async () => {
      const { texts, failure } = await runCell(
        sandbox,
        `setTimeout(() => { text('timer'); throw 'bare' }, 0); await new Promise(() => {})`,
      );
      assert.deepEqual(texts, ['timer']);
      assert.deepEqual(failure, { kind: 'exception', text: 'bare' });
    });

    it('are left alone by ids that name none', async () => {
      const ids = ['', 'undefined', 'null', 'NaN', 'Infinity', '-1', '0', '99', '"x"', '{}', '[]'];
      const { texts, failure } = await runCell(
        sandbox,
        `${ids.map((id) => `clearTimeout(${id});`).join(' ')}
        await new Promise((r) => setTimeout(r)); text('fired');`,
      );
      assert.equal(failure, null);
      assert.deepEqual(texts, ['fired']);
    });
  });

  describe('a tool that is not there', () => {
    it('is told with the one that was probably meant', async () => {
      const { failure } = await runCell(sandbox, `await tools.ecko({})`);
      assert.match(
        failure?.text ?? '',
        /^TypeError: tools\.ecko is not a function \(did you mean tools\.echo\?\)\n {4}at exec_main/,
      );
    });

    it('is an ordinary TypeError to the program', async () => {
      const { texts } = await runCell(
        sandbox,
        `try { tools.ecko() } catch (e) { text(e.constructor === TypeError); text(e.message) }`,
      );
      assert.deepEqual(texts, ['true', 'tools.ecko is not a function']);
    });

    it('is told as it is where none resembles it', async () => {
      const { failure } = await runCell(sandbox, `await tools.zebra()`);
      assert.equal(
        failure?.text,
        'TypeError: tools.zebra is not a function\n    at exec_main.mjs:1:13',
      );
    });
  });
});
