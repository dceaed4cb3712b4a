import assert from 'node:assert/strict';
import type { ExecuteRequest, ObserveMode, Session, WaitOptions } from '../../src/session.ts';
import { brief, rejectsWith } from '../support/events.ts';
import { firstOf, type SessionContract } from './session-setup.ts';

const LONG_ID = 'x'.repeat(1_025);

/** What is wrong with a request, and what its error has to name. */
const REQUESTS: readonly (readonly [string, unknown, RegExp])[] = [
  ['the request is null', null, /request/],
  ['the source is a number', { source: 5 }, /source/],
  ['callId is a number', { callId: 5 }, /callId/],
  ['keepEvents is a string', { keepEvents: 'yes' }, /keepEvents/],
  ['the delegate has no methods', { delegate: {} }, /delegate/],
  ['observe is a number', { observe: 5 }, /observe/],
  ['observe is null', { observe: null }, /observe/],
  ['observe is empty', { observe: {} }, /yieldAfterMs/],
  ['pending is false', { observe: { pending: false } }, /pending/],
  ['tools is a string', { tools: 'echo' }, /tools/],
  ['tools is null', { tools: null }, /tools/],
  ['a tool is a string', { tools: ['echo'] }, /tools\[0\]/],
  ['a tool has no description', { tools: [{ name: 't' }] }, /tools\[0\]\.description/],
  ['a tool has no name', { tools: [{ description: '' }] }, /tools\[0\]\.name/],
  ['a tool has an unknown kind', { tools: [{ ...tool('t'), kind: 'x' }] }, /tools\[0\]\.kind/],
  ['toolName is a string', { tools: [{ ...tool('t'), toolName: 't' }] }, /tools\[0\]\.toolName/],
  [
    'a namespace is missing',
    { tools: [tool('a'), { ...tool('t'), toolName: { name: 't' } }] },
    /tools\[1\]\.toolName\.namespace/,
  ],
  [
    'two tools have the same name',
    { tools: [tool('a'), tool('b'), tool('a')] },
    /^Cannot execute: two tools are named a; rename one$/,
  ],
  [
    'two tools have the same identifier',
    { tools: [tool('gh.list'), tool('gh-list')] },
    /^Cannot execute: the tools gh\.list and gh-list would both be tools\.gh_list; rename one$/,
  ],
];

const OPTIONS: readonly (readonly [string, unknown, RegExp])[] = [
  ['the options are null', null, /options/],
  ['the signal is a plain object', { signal: {} }, /signal/],
  ['preempt is a boolean', { preempt: true }, /preempt/],
];

type Call = (session: Session, value: unknown) => Promise<unknown>;

/** The methods that take the id of a cell. */
const BY_CELL: Readonly<Record<string, Call>> = {
  observe: (session, id) => session.observe(id as string),
  resume: (session, id) => session.resume(id as string, 1),
  terminate: (session, id) => session.terminate(id as string),
  events: (session, id) => session.events(id as string).next(),
};

/** The methods that take the options of a wait. */
const BY_OPTIONS: Readonly<Record<string, Call>> = {
  execute: (session, options) => session.execute({ source: '' }, options as WaitOptions),
  observe: (session, options) => session.observe('1', { yieldAfterMs: 0 }, options as WaitOptions),
};

function tool(name: string): object {
  return { name, description: '' };
}

/** An argument of the wrong shape is refused by name, and nothing else is touched. */
export function argumentCases({ describe, it, setUp }: SessionContract): void {
  describe('invalid arguments', () => {
    for (const [what, fields, names] of REQUESTS) {
      it(`make execute fail when ${what}`, async () => {
        await using made = await setUp();
        const { session } = made;
        const request = fields === null ? null : { source: '', ...(fields as object) };
        const refused = session.execute(request as unknown as ExecuteRequest);
        await assert.rejects(refused, { code: 'invalid_argument', message: names });
        assert.equal((await session.execute({ source: '' })).cellId, '1');
      });
    }

    for (const [what, options, names] of OPTIONS) {
      for (const [method, call] of Object.entries(BY_OPTIONS)) {
        it(`make ${method} fail when ${what}`, async () => {
          await using made = await setUp();
          const error = { code: 'invalid_argument', message: names };
          await assert.rejects(call(made.session, options), error);
          assert.equal(brief(await firstOf(made.session, `text('on')`)), 'completed: on');
        });
      }
    }

    for (const [method, call] of Object.entries(BY_CELL)) {
      it(`make ${method} fail when the cell id is not a string, or too long`, async () => {
        await using made = await setUp();
        const error = { code: 'invalid_argument', message: /cell/ };
        for (const id of [5, undefined, null, {}, LONG_ID]) {
          await assert.rejects(call(made.session, id), error);
        }
        assert.equal(brief(await firstOf(made.session, `text('on')`)), 'completed: on');
      });
    }

    it('make observe fail when the mode has the wrong shape', async () => {
      await using made = await setUp();
      for (const mode of [5, null, {}, { pending: 'yes' }, { yieldAfterMs: null }]) {
        await rejectsWith(
          made.session.observe('1', mode as unknown as ObserveMode),
          'invalid_argument',
        );
      }
    });

    it('make resume fail when the generation is not a whole number', async () => {
      await using made = await setUp();
      for (const generation of ['y', -1, 0.5, Number.NaN, undefined, 2 ** 53]) {
        const error = { code: 'invalid_argument', message: /generation/ };
        await assert.rejects(made.session.resume('1', generation as number), error);
      }
    });

    it('make the first next of events fail when the signal is not a signal', async () => {
      await using made = await setUp();
      for (const options of [null, { signal: 5 }]) {
        const events = made.session.events('1', options as unknown as { signal: AbortSignal });
        await rejectsWith(events.next(), 'invalid_argument');
      }
    });

    it('do not include a cell id of the maximum length', async () => {
      await using made = await setUp();
      const event = await made.session.observe(LONG_ID.slice(1));
      assert.equal(event.type, 'missing');
    });
  });
}
