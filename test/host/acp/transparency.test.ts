import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  type Loose,
  type ProtocolVersion,
  startEditor,
  stdioServer,
} from '../../support/acp-editor.ts';
import { ugly } from '../../support/mcp-servers.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/cellhost.js', import.meta.url));
const ECHO = 'process.stdin.pipe(process.stdout)';
const { command, args } = ugly('well') as { command: string; args: string[] };

/** What an editor sees of a session, without what differs from run to run. */
async function transcript(version: ProtocolVersion, proxyArgs: readonly string[] | null) {
  await using editor = await startEditor({ version, args: proxyArgs });
  const session = await editor.newSession([stdioServer(version, 'files', [command, ...args])]);
  const said = await editor.play(
    session,
    { list: true },
    { server: 'files', call: 'echo', args: { a: 1 } },
    { server: 'files', call: 'fail' },
    { server: 'nobody', call: 'x' },
  );
  const hanging = editor.play(session, { server: 'files', call: 'hang' });
  await editor.until(({ update }: Loose) => update.title === 'hang');
  editor.notify('session/cancel', { sessionId: session });
  await hanging;
  await editor.request('session/close', { sessionId: session });
  await assert.rejects(editor.request('session/unknown', { sessionId: session }));
  return { initialized: editor.initialized, said, updates: editor.updates };
}

/** The transcript without the tools of our server. */
function withoutOurs(seen: Awaited<ReturnType<typeof transcript>>): unknown {
  const json = JSON.stringify(seen);
  const ours = /,\\?"cellhost\\?":\[\\?"exec\\?",\\?"wait\\?",\\?"cells\\?"\]/g;
  return JSON.parse(json.replaceAll(ours, ''));
}

/** What comes back from an agent that says what it hears, in pieces of these sizes. */
async function echoed(input: Buffer, sizes: readonly number[]): Promise<Buffer> {
  const child = spawn(process.execPath, [LAUNCHER, 'acp', '--', process.execPath, '-e', ECHO]);
  child.stdin.on('error', () => {});
  let start = 0;
  for (const size of [...sizes, input.length]) {
    child.stdin.write(input.subarray(start, start + size));
    start += size;
  }
  child.stdin.end();
  return Buffer.from(await text(child.stdout.setEncoding('latin1')), 'latin1');
}

describe('What lies between an editor and an agent', () => {
  for (const version of [1, 2] as const) {
    it(`shows in version ${version} in nothing but its server`, async () => {
      const alone = await transcript(version, null);
      const behind = await transcript(version, ['--keep', '*']);
      assert.notDeepEqual(behind, alone);
      assert.deepEqual(withoutOurs(behind), alone);
    });
  }

  it('passes every byte on that is no business of its own', async () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc
        .jsonValue()
        .map(
          (value) =>
            `{"id":9007199254740993,"method":"_x","params":${JSON.stringify(value)},"n":1e999}`,
        ),
      fc
        .jsonValue()
        .map(
          (value) =>
            `{"jsonrpc":"2.0","method":"session/update","params":{"update":${JSON.stringify(value)}}}`,
        ),
      fc.jsonValue().map((value) => `{"id":-0.0,"result":${JSON.stringify(value)}}`),
    );
    const lines = fc.array(line, { minLength: 50, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(lines, fc.array(fc.nat({ max: 500 })), async (all, sizes) => {
        const input = Buffer.from(all.join('\n'), 'latin1');
        assert.ok(input.equals(await echoed(input, sizes)));
      }),
      { numRuns: 10 },
    );
  });

  it('passes 32 MiB in one line on', async () => {
    const input = Buffer.from(`{"method":"_x","params":"${'y'.repeat(2 ** 25)}"}\n`);
    assert.ok(input.equals(await echoed(input, [])));
  });
});
