import type { JsonObject } from '../../../src/describe/json-object.ts';
import { runningCell, type Scenario } from '../scenario-player.ts';
import type { Decisions } from './clients.ts';

/** One call of a tool of ours, or of a direct one. */
export interface ClientCall {
  readonly tool: string;
  readonly input: JsonObject;
}

const COMPLETED = /Script completed\n/;
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const YIELDING =
  'text("before"); yield_control(); await new Promise((resolve) => setTimeout(resolve, 300)); text("after")';

const exec = (source: string, options: JsonObject = {}): ClientCall => ({
  tool: 'exec',
  input: { source, ...options },
});

/** What a model does with programs in one unattended turn. */
export function unattendedScenarios(decisions: Decisions): readonly Scenario<ClientCall>[] {
  return [...SCENARIOS, ...askScenarios(decisions)];
}

/** What happens in a turn beside which a person sits. */
export function steeredScenarios(decisions: Decisions): readonly Scenario<ClientCall>[] {
  return [...askScenarios(decisions), interruptedTurn];
}

/** A turn that ends in its first call. */
export const unfinishedTurn: Scenario<ClientCall> = {
  name: 'an interrupted turn',
  *play() {
    yield [exec('await tools.mcp__probe__hang()')];
  },
};

const interruptedTurn: Scenario<ClientCall> = {
  name: 'an interrupted turn',
  *play(expect) {
    yield [exec('await tools.mcp__probe__hang()')];
    const [answer] = yield [{ tool: 'cells', input: {} }];
    expect(answer, 'No program is running');
  },
};

const SCENARIOS: readonly Scenario<ClientCall>[] = [
  {
    name: '`exec` over three servers',
    *play(expect) {
      const [answer] = yield [
        exec(`const results = await Promise.all([
          tools.mcp__probe__add({ a: 20, b: 22 }),
          tools.mcp__everything__echo({ message: 'hello' }),
          tools.mcp__files__list_allowed_directories({}),
        ]);
        for (const { content } of results) text(content[0].text)`),
      ];
      expect(answer, COMPLETED, '42', 'Echo: hello', 'Allowed directories:');
    },
  },
  {
    name: 'yield and `wait`',
    *play(expect) {
      const [first] = yield [exec(YIELDING)];
      expect(first, /Script running with cell ID \S+\n/, 'before');
      const [last] = yield [{ tool: 'wait', input: { cell_id: runningCell(first) } }];
      expect(last, COMPLETED, 'after');
    },
  },
  {
    name: 'an image',
    *play(expect) {
      const [answer] = yield [exec(`image(${JSON.stringify(PIXEL)})`)];
      expect(answer, COMPLETED, '[image]');
    },
  },
  {
    name: 'a caught tool error',
    *play(expect) {
      const [answer] = yield [
        exec(
          'const { isError, content } = await tools.mcp__probe__fail({}); text(isError + ": " + content[0].text);\n' +
            'try { await tools.mcp__probe__refuse({}) } catch (error) { text("caught: " + error.message) }',
        ),
      ];
      expect(answer, COMPLETED, 'true: it failed', /caught: .*not this time/);
    },
  },
  {
    name: 'cut output, read on',
    *play(expect) {
      const source = "text('a'.repeat(3000) + '[middle]' + 'b'.repeat(3000))";
      const [cut] = yield [exec(source, { max_output_tokens: 100 })];
      expect(cut, COMPLETED, 'Output cut:');
      const cellId = /cell_id: '(\w+)'/.exec(cut ?? '')?.[1] ?? 'none';
      const range = `cell_id: '${cellId}', from: 2998, to: 3010`;
      const [read] = yield [exec(`text((await tools.output({ ${range} })).text)`)];
      expect(read, COMPLETED, 'aa[middle]bb');
    },
  },
];

function askScenarios(decisions: Decisions): readonly Scenario<ClientCall>[] {
  const DENIED = /a person must approve it, and this client cannot ask one/;
  const REFUSED = /it was refused/;
  const answers: Readonly<Record<Decisions, readonly (string | RegExp)[]>> = {
    both: ['allowed was called', REFUSED],
    refused: [REFUSED, REFUSED],
    denied: [DENIED, DENIED],
  };
  const scenario = (name: string, tool: string, part: string | RegExp): Scenario<ClientCall> => ({
    name,
    *play(expect) {
      const [answer] = yield [
        exec(
          `try { text((await tools.mcp__probe__${tool}({})).content[0].text) } catch (error) { text(error.message) }`,
        ),
      ];
      expect(answer, COMPLETED, part);
    },
  });
  const [allowed = '', refused = ''] = answers[decisions];
  return [scenario(ALLOWED, 'allowed', allowed), scenario(REFUSED_CALL, 'refused', refused)];
}

/** The names of the scenarios about a person's decision. */
const ALLOWED = 'a tool in `ask`, allowed';
const REFUSED_CALL = 'a tool in `ask`, refused';
