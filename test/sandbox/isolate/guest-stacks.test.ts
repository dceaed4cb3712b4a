import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

const HEAD = `TypeError: Cannot read properties of null (reading 'x')`;
const SHOW = `try { null.x } catch (e) { text(e.stack) }`;

/** Programs that show the stack of an error, and the frames they see. */
const STACKS: Readonly<Record<string, readonly [source: string, frames: readonly string[]]>> = {
  'at its top level': [SHOW, ['exec_main.mjs:1:12']],
  'in a function': [
    `function f() { null.x }\ntry { f() } catch (e) { text(e.stack) }`,
    ['f (exec_main.mjs:1:21)', 'exec_main.mjs:2:7'],
  ],
  'after a tool call': [`await tools.echo(1);\n${SHOW}`, ['exec_main.mjs:2:12']],
  'in an async function': [
    `async function f() { await tools.echo(1); null.x }\ntry { await f() } catch (e) { text(e.stack) }`,
    ['f (exec_main.mjs:1:48)', 'async exec_main.mjs:2:7'],
  ],
  'in a timer': [
    `await new Promise((go) => setTimeout(() => {\n${SHOW}\ngo() }, 1))`,
    ['exec_main.mjs:2:12'],
  ],
  'in code that a helper runs': [
    `text({ toJSON() {\n${SHOW}\n} })`,
    ['Object.toJSON (exec_main.mjs:2:12)', 'exec_main.mjs:1:1'],
  ],
  'in code that a tool call runs': [
    `tools.echo({ toJSON() {\n${SHOW}\n} })`,
    ['Object.toJSON (exec_main.mjs:2:12)', 'exec_main.mjs:1:7'],
  ],
  'in a built-in': [
    `try { [1].map(() => null.x) } catch (e) { text(e.stack) }`,
    ['exec_main.mjs:1:26', 'Array.map (<anonymous>)', 'exec_main.mjs:1:11'],
  ],
};

describe('The stack of an error that a program catches', () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [where, [source, frames]] of Object.entries(STACKS)) {
    it(`has the frames of the program alone ${where}`, async () => {
      const { session } = recordedSession(sandbox);
      const { items } = await finishCell(session, source);
      const lines = (textsOf(items)[0] ?? '').split('\n');
      assert.deepEqual(lines, [HEAD, ...frames.map((frame) => `    at ${frame}`)]);
      await session.close();
    });
  }

  it('says what cannot be shown of an error whose name throws', async () => {
    const { session } = recordedSession(sandbox);
    const source = `const e = {}; Object.defineProperty(e, 'name', { get() { throw 1 } });
      Error.captureStackTrace(e); text(e.stack)`;
    const { items } = await finishCell(session, source);
    assert.deepEqual(textsOf(items), ['<error>\n    at exec_main.mjs:2:13']);
    await session.close();
  });

  it('is made as the program says, where it says so', async () => {
    const { session } = recordedSession(sandbox);
    const source = `Error.prepareStackTrace = (error, sites) => 'mine ' + sites[0].getLineNumber();
      text(new Error('x').stack); delete Error.prepareStackTrace; text('prepareStackTrace' in Error)`;
    assert.deepEqual(textsOf((await finishCell(session, source)).items), ['mine 2', 'false']);
    await session.close();
  });
});

describe('The helpers of a program', () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  it('can be called with new, and do what they do', async () => {
    const { session, calls, notifications } = recordedSession(sandbox);
    const source = `
      new text('shown'); new notify('told'); new store('key', 1); new load('key');
      new setTimeout(() => {}, 1); new clearTimeout(1); new image('data:image/png;base64,AA');
      new audio('data:audio/wav;base64,AA'); await new tools.echo('asked'); text(load('key'));
      new exit()`;
    const { items, failure } = await finishCell(session, source);
    assert.equal(failure, null);
    const shown = items.map((item) => (item.type === 'input_text' ? item.text : item.type));
    assert.deepEqual(shown, ['shown', 'input_image', 'input_audio', '1']);
    assert.deepEqual([calls, notifications], [[['echo', 'asked']], ['told']]);
    const yielding = await session.execute({ source: 'new yield_control(); await tools.never()' });
    assert.equal((await yielding.first).type, 'yielded');
    await session.close();
  });
});
