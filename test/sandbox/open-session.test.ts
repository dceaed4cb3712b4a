import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { z } from 'zod';
import { isolateSandbox } from '../../sandbox/index.ts';
import { type OpenSessionOptions, openSession } from '../../sandbox/open-session.ts';
import { tool } from '../../src/embed/tool.ts';
import { brief, expectEvent } from '../support/events.ts';
import { ScriptedDelegate } from '../support/scripted-delegate.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

const add = tool({
  description: 'Adds two numbers.',
  input: z.object({ a: z.number(), b: z.number() }),
  run: ({ a, b }) => a + b,
});

function definitions(...names: readonly string[]) {
  return names.map((name) => ({ name, description: name }));
}

describe('openSession', () => {
  it('runs the handlers of its tools', async () => {
    await using session = openSession({ sandbox, tools: { add, 'add-again': add } });
    const source =
      'text(await tools.add({ a: 20, b: 22 }) + await tools.add_again({ a: 1, b: 1 }))';
    assert.equal(brief(await session.run(source)), 'completed: 44');
  });

  it('offers a name beyond ASCII as it is', async () => {
    await using session = openSession({ sandbox, tools: { größe: add } });
    assert.equal(
      brief(await session.run('text(await tools.größe({ a: 1, b: 1 }))')),
      'completed: 2',
    );
  });

  it('lets a program repair a call from its error', async () => {
    await using session = openSession({ sandbox, tools: { add } });
    const source = `try { await tools.add({ a: 1 }) } catch (error) { text(error.message) }`;
    const { items } = expectEvent(await session.run(source), 'completed');
    const [item] = items;
    assert.ok(item?.type === 'input_text');
    assert.match(item.text, /^Invalid arguments for tools\.add:\n- b: .*\nExpected: \{/);
  });

  it('delivers notifications to notify, and needs none', async () => {
    const told: string[] = [];
    const notify = ({ text }: { readonly text: string }) => told.push(text);
    await using session = openSession({ sandbox, notify });
    await using quiet = openSession({ sandbox });
    assert.equal(brief(await session.run(`notify('a')`)), 'completed');
    assert.equal(brief(await quiet.run(`notify('a'); text('b')`)), 'completed: b');
    assert.deepEqual(told, ['a']);
  });

  it('still takes definitions and a delegate', async () => {
    const delegate = new ScriptedDelegate();
    await using session = openSession({ sandbox, delegate, tools: definitions('echo') });
    assert.equal(brief(await session.run(`text(await tools.echo('a'))`)), 'completed: a');
  });

  const delegate = new ScriptedDelegate();
  const refused: Record<string, readonly [options: unknown, message: RegExp]> = {
    'definitions that nothing runs': [
      { tools: definitions('a', 'b') },
      /nothing runs the tools a, b; add a delegate/,
    ],
    'two definitions with one name': [
      { delegate, tools: definitions('a', 'b', 'a') },
      /two tools are named a; rename one/,
    ],
    'two names with one identifier': [
      { delegate, tools: definitions('gh.list', 'gh-list') },
      /the tools gh\.list and gh-list would both be tools\.gh_list; rename one/,
    ],
    'two handlers with one identifier': [
      { tools: { 'gh.list': add, 'gh-list': add } },
      /the tools gh\.list and gh-list would both be tools\.gh_list/,
    ],
    'a handler that programs cannot call': [
      { tools: { exec: add } },
      /programs cannot call a tool named exec; rename it/,
    ],
    'handlers beside a delegate': [
      { tools: { add }, delegate },
      /tools with handlers run their own calls; pass notify instead of a delegate/,
    ],
    'notify beside a delegate': [{ delegate, notify: () => {} }, /the delegate has its own notify/],
    'a tool without a handler': [
      { tools: { add: { description: '' } } },
      /the tool add has no handler; make it with tool/,
    ],
  };
  for (const [what, [options, message]] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      const open = () => openSession({ sandbox, ...(options as OpenSessionOptions) });
      assert.throws(open, { code: 'invalid_argument', message });
    });
  }
});
