import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Loose, stdioServer } from '../../support/acp-editor.ts';
import { Acpx } from '../../support/acpx.ts';
import { ugly } from '../../support/mcp-servers.ts';

const FILES = fileURLToPath(
  new URL('../../../node_modules/.bin/mcp-server-filesystem', import.meta.url),
);
const exec = (source: string) => ({ call: 'exec', args: { source } });
const LIST = `text((await tools.mcp__files__list_directory({ path: '.' })).content[0].text)`;
const ECHO = `text((await tools.mcp__more__echo({ a: 7 })).structuredContent.args.a)`;

/** The titles and ends of the cards in some messages. */
const titles = (messages: readonly Loose[]) =>
  messages.flatMap(({ params }) => params?.update?.title ?? []);

describe('cellhost acp behind acpx', () => {
  const acpx = new Acpx();
  before(() => {
    const { command, args } = ugly('well') as { command: string; args: string[] };
    const files = stdioServer(2, 'files', [FILES, acpx.work]);
    const more = stdioServer(2, 'more', [command, ...args]);
    const config = { mcpServers: { files: { tools: { ask: ['list_directory'] } } } };
    acpx.configure({ servers: [files, more], config });
  });
  // Every session is closed then, and no process is left.
  after(() => acpx[Symbol.asyncDispose]());

  it('runs a program over two servers of the editor, with a call that is approved', async () => {
    const steps = JSON.stringify([{ list: true }, exec(`${LIST}; ${ECHO}`)]);
    const ran = await acpx.run('--approve-all', '--json-strict', 'exec', steps);
    assert.equal(ran.code, 0);
    const [lists, { texts } = {}] = ran.steps;
    assert.deepEqual(lists, { cellhost: ['exec', 'wait', 'cells'] });
    assert.match(texts[0], /^Script completed/);
    assert.equal(texts[2], '7');
    const shown = titles(ran.messages);
    assert.ok(shown.includes('files › list_directory') && shown.includes('more › echo'));
    assert.ok(ran.messages.some(({ method }) => method === 'session/request_permission'));
  });

  it('does not make a call that is denied, and makes the others', async () => {
    const caught = LIST.replace(/^/, 'try { ').concat(' } catch (error) { text(String(error)) }');
    const steps = JSON.stringify([exec(`${caught}; ${ECHO}`)]);
    const { steps: [step] = [] } = await acpx.run('--deny-all', 'exec', steps);
    assert.match(step?.texts[1], /Cannot call mcp__files__list_directory: it was refused/);
    assert.equal(step?.texts[2], '7');
  });

  it('yields in one prompt, and waits in the next', async () => {
    await acpx.newSession('long');
    const source = `yield_control(); await tools.mcp__more__hang()`;
    const began = await acpx.prompt('long', exec(source)).ended;
    assert.match(began.steps[0]?.texts[0], /^Script running with cell ID 1/);
    const wait = { call: 'wait', args: { cell_id: '1', yield_time_ms: 250 } };
    const end = { call: 'wait', args: { cell_id: '1', terminate: true } };
    const { steps } = await acpx.prompt('long', wait, end).ended;
    assert.match(steps[0]?.texts[0], /Waiting for: mcp__more__hang/);
    assert.match(steps[1]?.texts[0], /^Script terminated/);
  });

  it('stops in the middle of a program, and keeps what was stored', async () => {
    await acpx.newSession('stopped');
    const running = acpx.prompt(
      'stopped',
      exec(`store('k', 'kept')`),
      exec(`await tools.mcp__more__hang()`),
    );
    await running.until(({ params }) => params?.update?.title === 'more › hang');
    assert.equal((await acpx.run('cancel', '-s', 'stopped')).messages[0]?.cancelled, true);
    const { messages } = await running.ended;
    assert.equal(messages.at(-1)?.result?.stopReason, 'cancelled');
    const { steps } = await acpx.prompt('stopped', { call: 'cells' }, exec(`text(load('k'))`))
      .ended;
    assert.deepEqual(steps[0]?.texts, ['No program is running']);
    assert.equal(steps[1]?.texts[1], 'kept');
  });

  it('loads a session, and keeps its values over prompts as long as its agent', async () => {
    await acpx.newSession('loaded');
    const first = await acpx.prompt('loaded', exec(`store('k', 1); ${ECHO}`)).ended;
    // The agent that made the session is gone: this one was told to load it.
    const [load] = first.messages.filter(({ method }) => method === 'session/load');
    assert.equal(load?.params.mcpServers.length, 2);
    assert.equal(first.steps[0]?.texts[1], '7');
    const second = await acpx.prompt('loaded', exec(`text(load('k'))`)).ended;
    assert.equal(second.steps[0]?.texts[1], '1');
  });

  it('keeps two sessions at once apart', async () => {
    await Promise.all(['one', 'two'].map((name) => acpx.newSession(name)));
    const stored = acpx.prompt(
      'one',
      exec(`store('k', 'mine')`),
      exec(`await tools.mcp__more__hang()`),
    );
    await stored.until(({ params }) => params?.update?.title === 'more › hang');
    const other = await acpx.prompt('two', exec(`text(String(load('k')))`), { call: 'cells' })
      .ended;
    assert.equal(other.steps[0]?.texts[1], 'undefined');
    assert.deepEqual(other.steps[1]?.texts, ['No program is running']);
    await acpx.run('cancel', '-s', 'one');
    await stored.ended;
  });
});
