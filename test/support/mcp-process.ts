import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { type Answer, answerOf, ERAS, type Era } from './mcp-face.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/cellhost.js', import.meta.url));

/** A `cellhost mcp` in a process of its own, with the end of what it wrote. */
export interface McpProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** All of standard output, when the process is gone. */
  readonly stdout: Promise<string>;
  readonly stderr: Promise<string>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts `cellhost mcp`. */
export function startMcp(args: readonly string[], env: NodeJS.ProcessEnv = {}): McpProcess {
  const child = spawn(process.execPath, [LAUNCHER, 'mcp', ...args], {
    env: { ...process.env, CELLHOST_NODE: '', ...env },
  });
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number);
  const copy = child.stdout.pipe(new PassThrough());
  return { child, stdout: text(copy), stderr: text(child.stderr), ended };
}

/** Connects an official client to such a process. */
export async function connectMcp({ child }: Pick<McpProcess, 'child'>, era: Era = 'legacy') {
  const versionNegotiation = { mode: ERAS[era] };
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation });
  const lines = child.stdout.pipe(new PassThrough());
  await client.connect(new StdioServerTransport(lines, child.stdin));
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<Answer> =>
    answerOf(await client.callTool({ name, arguments: args }));
  return { client, call };
}
