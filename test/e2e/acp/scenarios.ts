import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AcpEditor, type Loose, stdioServer } from '../../support/acp-editor.ts';
import { type GivenResults, promptFor, type ScriptedCall } from './conversation.ts';

/** What a scenario plays with. */
export interface Stage {
  readonly editor: AcpEditor;
  readonly version: 1 | 2;
  /** What the model was given. */
  readonly given: GivenResults;
  readonly work: string;
  /** The command of a server with a tool `echo` and a tool `hang`. */
  readonly server: readonly string[];
  /** Decides about our questions from now on. */
  decide(optionId: string): void;
}

/** @throws What is not as it should be. @returns Whether the agent can do that at all. */
type Scenario = (stage: Stage) => Promise<Outcome>;

/** What came of a scenario that did not fail. */
export type Outcome = 'passed' | 'unsupported';

const exec = (source: string): ScriptedCall => ({ tool: 'exec', input: { source } });
const CAREFUL = 'text((await tools.mcp__careful__echo({})).structuredContent.name)';
let prompts = 0;

/** Every scenario, by what an agent can do that passes it. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'two servers in one program': async (stage) => {
    const session = await open(stage);
    const source = `const both = await Promise.all([tools.mcp__one__echo({ n: 1 }), tools.mcp__two__echo({ n: 2 })]);
      text('sum ' + both.reduce((sum, { structuredContent }) => sum + structuredContent.args.n, 0))`;
    const [result] = await play(stage, session, exec(source));
    assert.match(result, /sum 3/);
    const titles = stage.editor.updates.map(({ update }: Loose) => update.title);
    assert.ok(titles.includes('one › echo') && titles.includes('two › echo'));
    return 'passed';
  },

  'yield, and wait in the next prompt': async (stage) => {
    const session = await open(stage);
    const source = `yield_control(); await new Promise((go) => setTimeout(go, 500)); text('late')`;
    const [began] = await play(stage, session, exec(source));
    const id = /cell ID (\w+)/.exec(began ?? '')?.[1];
    assert.ok(id, began);
    const [result] = await play(stage, session, { tool: 'wait', input: { cell_id: id } });
    assert.match(result, /late/);
    return 'passed';
  },

  'a call that a person allows': async (stage) => {
    const session = await open(stage);
    stage.decide('allow_once');
    const [result] = await play(stage, session, exec(CAREFUL));
    assert.match(result, /Script completed.*echo/s);
    return 'passed';
  },

  'a call that a person refuses': async (stage) => {
    const session = await open(stage);
    stage.decide('reject_once');
    const [result] = await play(stage, session, exec(CAREFUL));
    assert.match(result, /it was refused/);
    return 'passed';
  },

  'stop in the middle of a program': async (stage) => {
    const { editor } = stage;
    const session = await open(stage);
    const source = `text('begun'); await tools.mcp__one__hang()`;
    const prompted = play(stage, session, exec(source));
    await editor.until(
      ({ sessionId, update }) => sessionId === session && update.title === 'one › hang',
    );
    editor.notify('session/cancel', { sessionId: session });
    await prompted.catch(() => {});
    const [cells] = await play(stage, session, { tool: 'cells', input: {} });
    assert.match(cells, /No program is running/);
    return 'passed';
  },

  'two sessions at once, in two folders': async (stage) => {
    const other = join(stage.work, 'other');
    await mkdir(other);
    return await apart(stage, stage.work, other);
  },

  'two sessions at once, in one folder': (stage) => apart(stage, stage.work, stage.work),

  'values after the session is loaded again': async (stage) => {
    const { editor, version, work } = stage;
    const session = await open(stage);
    await play(stage, session, exec(`store('k', 'kept'); text('stored')`));
    const { agentCapabilities: can = {} } = editor.initialized;
    const hasResume = version === 2 || can.sessionCapabilities?.resume;
    if (!can.loadSession && !hasResume) return 'unsupported';
    const method = can.loadSession ? 'session/load' : 'session/resume';
    const again = { sessionId: session, cwd: work, mcpServers: servers(stage) };
    const isLoaded = await editor.request(method, again).then(
      () => true,
      () => false,
    );
    if (!isLoaded) return 'unsupported';
    const [result] = await play(stage, session, exec(`text('found ' + load('k'))`));
    assert.match(result, /found kept/);
    return 'passed';
  },
};

function servers({ version, server }: Stage): readonly object[] {
  return ['one', 'two'].map((name) => stdioServer(version, name, server));
}

/** Two sessions, of which the second must not see what the first stores. */
async function apart(stage: Stage, folder: string, otherFolder: string): Promise<Outcome> {
  const [one, other] = await Promise.all([open(stage, folder), open(stage, otherFolder)]);
  const [[first], [second]] = await Promise.all([
    play(stage, one, exec(`store('k', 'mine'); text('stored')`)),
    play(stage, other, exec(`text('seen ' + load('k'))`)),
  ]);
  assert.match(first, /stored/);
  assert.match(second, /seen undefined/);
  const [again] = await play(stage, other, exec(`text('seen ' + load('k'))`));
  assert.match(again, /seen undefined/);
  return 'passed';
}

function open(stage: Stage, cwd = stage.work): Promise<string> {
  return stage.editor.newSession(servers(stage), { cwd });
}

/** Prompts, and waits for the end of the turn. @returns What the model was given, as JSON. */
async function play(
  { editor, version, given }: Stage,
  sessionId: string,
  ...calls: readonly ScriptedCall[]
): Promise<readonly [string, ...string[]]> {
  prompts += 1;
  const name = `p${prompts}`;
  const from = editor.updates.length;
  const prompt = [{ type: 'text', text: promptFor(name, calls) }];
  await editor.request('session/prompt', { sessionId, prompt });
  // A session that was just resumed may still say that it is idle.
  let next = from;
  for (const state of version === 2 ? ['running', 'idle'] : []) {
    const isReached = (one: Loose) => one.sessionId === sessionId && one.update.state === state;
    const reached = await editor.until(
      (one) => editor.updates.indexOf(one, next) >= 0 && isReached(one),
    );
    next = editor.updates.indexOf(reached, next) + 1;
  }
  const results = given.get(name) ?? [];
  return [results[0] ?? '', ...results.slice(1)];
}
