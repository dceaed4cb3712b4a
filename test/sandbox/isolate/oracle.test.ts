import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { type Delegate, SessionRuntime, type ToolDefinition } from '../../../src/index.ts';

interface Recorded {
  readonly sources: readonly string[];
  readonly events: readonly unknown[];
  readonly results: readonly {
    readonly status: string;
    readonly value: {
      readonly Result: { readonly content_items: unknown; readonly error_text: string | null };
    };
  }[];
}

const CELLS = JSON.parse(
  readFileSync(new URL('../../data/oracle-cells.json', import.meta.url), 'utf8'),
) as Record<string, Recorded>;

/** Cells that are answered differently on purpose, and why. */
const BETTER: Readonly<Record<string, string>> = {
  'as-settled-src': 'the source of the helper is our own',
  'fn-names': 'helpers have names, so that stacks and errors can tell them apart',
  'fn-tostring': 'helpers are written in JavaScript; their source is no secret',
};

const tool = (name: string): ToolDefinition => ({ name, description: `${name} tool` });
const TOOLS: readonly ToolDefinition[] = [
  ...['echo', 'fail', 'slow', 'str', 'nul', 'num', 'arr', 'never'].map(tool),
  { ...tool('free'), kind: 'freeform' },
  { ...tool('mcp__srv__get-thing'), toolName: { name: 'get-thing', namespace: 'mcp__srv__' } },
  tool('img'),
];

const ANSWERS: Readonly<Record<string, unknown>> = {
  str: 'a string',
  nul: null,
  num: 42,
  arr: [1, 'a', null],
  img: { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] },
};

function recordingDelegate(events: unknown[]): Delegate {
  return {
    async invokeTool({ toolName, kind, callId, input = null }) {
      events.push(['tool', toolName.name, toolName.namespace, kind, callId, input]);
      if (toolName.name === 'fail') throw new Error('tool failed badly');
      if (toolName.name === 'slow') {
        const { ms, v } = input as { ms: number; v: unknown };
        await new Promise((resolve) => setTimeout(resolve, ms));
        return { v };
      }
      return Object.hasOwn(ANSWERS, toolName.name) ? ANSWERS[toolName.name] : input;
    },
    async notify({ text, callId }) {
      events.push(['notify', text, callId]);
    },
  };
}

/** The wording of syntax errors and the depth of the stack are the engine's own business. */
function soften(text: string | null): string | null {
  if (text?.startsWith('SyntaxError:')) return 'SyntaxError';
  if (text?.startsWith('RangeError: Maximum call stack')) return text.split('\n')[0] ?? null;
  return text;
}

describe('The recorded answers of the reference engine', () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [name, { sources, events, results }] of Object.entries(CELLS)) {
    if (Object.hasOwn(BETTER, name)) continue;
    it(`${name}: ${JSON.stringify(sources).slice(0, 80)}`, async () => {
      const seen: unknown[] = [];
      const delegate = recordingDelegate(seen);
      await using session = new SessionRuntime({
        delegate,
        sandbox,
        tools: TOOLS,
        toolErrors: 'string',
      });
      const answers = [];
      for (const source of sources) {
        const { first } = await session.execute({ source, observe: { yieldAfterMs: 3_000 } });
        const event = await first;
        assert.equal(event.type, 'completed');
        if (event.type !== 'completed') return;
        answers.push([event.items, soften(event.failure?.text ?? null)]);
      }
      const want = results.map(({ value: { Result } }) => [
        Result.content_items,
        soften(Result.error_text),
      ]);
      assert.deepEqual(answers, want);
      assert.deepEqual(seen, events);
    });
  }

  it('names no cell as better that is equal or does not exist', () => {
    for (const name of Object.keys(BETTER)) assert.ok(Object.hasOwn(CELLS, name), name);
  });
});
