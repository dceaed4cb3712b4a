import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Bench } from 'tinybench';
import { benchOptions, type Measurement, measured, type Pace } from './support/measurement.ts';

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LAUNCHER = local('../bin/cellhost.js');
const SERVER = local('support/answering-mcp-server.js');
const CALLS = 200;
const SUM = (CALLS * (CALLS - 1)) / 2;
const LATENCIES_MS = [0, 20];

/** When does one program beat an MCP client that calls the same tools itself? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using server = await connected([SERVER]);
  await using ours = await connectedToUs();
  const found: Measurement[] = [];
  for (const afterMs of LATENCIES_MS) {
    const group = `${CALLS} calls of an MCP tool that answers after ${afterMs} ms`;
    const samples = afterMs > 0 ? 5 : 30;
    const bench = new Bench(benchOptions(group, pace, { samples }));
    bench.add('in parallel, in one program of `cellhost mcp`', () =>
      oneProgram(ours.client, afterMs),
    );
    bench.add('one by one, by a client of the server', () => oneByOne(server.client, afterMs));
    const dimensions = { calls: CALLS, afterMs };
    for (const each of await measured(bench)) found.push({ ...each, dimensions });
  }
  return found;
}

interface Connected extends AsyncDisposable {
  readonly client: Client;
}

async function connected(args: readonly string[]): Promise<Connected> {
  const client = new Client({ name: 'bench', version: '1' });
  const transport = new StdioClientTransport({ command: process.execPath, args: [...args] });
  await client.connect(transport);
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

async function connectedToUs(): Promise<Connected> {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-bench-'));
  const config = join(folder, 'mcp.json');
  const server = { command: process.execPath, args: [SERVER] };
  writeFileSync(config, JSON.stringify({ mcpServers: { server } }));
  const { client } = await connected([LAUNCHER, 'mcp', '--config', config]);
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function oneProgram(client: Client, afterMs: number): Promise<void> {
  const source = `
    const call = (number) => tools.mcp__server__answer({ number, afterMs: ${afterMs} });
    const answers = await Promise.all(Array.from({ length: ${CALLS} }, (_, at) => call(at)));
    text(answers.reduce((sum, { content }) => sum + Number(content[0].text), 0));`;
  const { content } = await client.callTool({ name: 'exec', arguments: { source } });
  check(textOf(content, 1));
}

async function oneByOne(client: Client, afterMs: number): Promise<void> {
  let sum = 0;
  for (let number = 0; number < CALLS; number += 1) {
    const args = { number, afterMs };
    const { content } = await client.callTool({ name: 'answer', arguments: args });
    sum += Number(textOf(content, 0));
  }
  check(String(sum));
}

function textOf(content: unknown, at: number): string {
  return (content as readonly { readonly text?: string }[])[at]?.text ?? '';
}

function check(sum: string): void {
  if (sum !== String(SUM)) throw new Error(`The calls returned ${sum} together, not ${SUM}`);
}
