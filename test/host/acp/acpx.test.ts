import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FAKE_AGENT, type Loose } from '../../support/acp-editor.ts';
import { temporaryFile } from '../../support/cli-run.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ACPX = join(ROOT, 'node_modules/acpx/dist/cli.js');
const FILES = join(ROOT, 'node_modules/.bin/mcp-server-filesystem');
const LIST = `text((await tools.mcp__files__list_directory({ path: '.' })).content[0].text)`;
const CAREFUL = `text((await tools.mcp__careful__list_directory({ path: '.' })).content[0].text)`;

const work = mkdtempSync(join(tmpdir(), 'acpx-'));
after(() => rmSync(work, { recursive: true }));

/** Runs one prompt with acpx. @returns The messages of the session, and the exit code. */
async function acpx(flag: string, ...sources: readonly string[]) {
  const careful = { command: FILES, args: [work], tools: { ask: ['*'] } };
  const policy = JSON.stringify({ mcpServers: { careful } });
  const config = await temporaryFile('acpx-policy.json', policy);
  const files = { name: 'files', type: 'stdio', command: FILES, args: [work], env: [] };
  const servers = await temporaryFile('acpx-servers.json', JSON.stringify({ mcpServers: [files] }));
  const program = [process.execPath, join(ROOT, 'bin/cellhost.js'), 'acp', '--config', config];
  const agent = [...program, '--', ...FAKE_AGENT].join(' ');
  const steps = sources.map((source) => ({ call: 'exec', args: { source } }));
  const args = ['--agent', agent, '--cwd', work, flag, '--format', 'json', '--mcp-config', servers];
  const run = promisify(execFile)(
    process.execPath,
    [ACPX, ...args, 'exec', JSON.stringify(steps)],
    { env: { PATH: process.env.PATH, HOME: work } },
  );
  const { stdout, code } = await run.then(
    (done) => ({ stdout: done.stdout, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  const messages = stdout
    .trimEnd()
    .split('\n')
    .map((line): Loose => JSON.parse(line));
  const texts = messages
    .map(({ params }) => params?.update?.content?.text)
    .filter((text) => text !== undefined && text !== 'null');
  return { messages, texts, code };
}

describe('cellhost acp behind acpx', () => {
  it('runs programs over a folded server, and shows their calls', async () => {
    const { messages, texts, code } = await acpx('--approve-all', `${LIST}; text('done')`);
    assert.equal(code, 0);
    assert.match(texts.join('\n'), /Script completed.*done/s);
    const titles = messages.map(({ params }) => params?.update?.title);
    assert.ok(titles.includes('files › list_directory'));
  });

  it('calls what is approved, and does not call what is denied', async () => {
    const approved = await acpx('--approve-all', CAREFUL);
    assert.match(approved.texts.join('\n'), /Script completed/);
    const denied = await acpx('--deny-all', CAREFUL);
    assert.match(denied.texts.join('\n'), /Cannot call mcp__careful__list_directory/);
  });
});
