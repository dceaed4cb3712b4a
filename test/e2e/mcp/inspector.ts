import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJsonObject, type JsonObject } from '../../../src/describe/json-object.ts';
import { ProcessWatch } from '../process-watch.ts';
import { serveOverHttp } from './servers/served-over-http.ts';

/**
 * Runs the MCP inspector on `cellhost mcp`, on both transports and in both eras: its one-shot commands,
 * its load test, and a connection over which a person is asked.
 *
 * Exit codes: 0 if everything succeeded, 1 otherwise, 2 if it could not be run.
 */

const USAGE =
  'Usage: node test/e2e/mcp/inspector.ts FOLDER\nIn FOLDER is node_modules/@modelcontextprotocol/inspector.';
const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LAUNCHER = local('../../../bin/cellhost.js');
const NESTED = local('./servers/nested-server.js');
const LOAD_CALLS = 300;
const COMMAND_LIMIT_MS = 60_000;
const GONE_LIMIT_MS = 5_000;
const LOOK_EVERY_MS = 50;

const ERAS = ['legacy', 'modern'] as const;
const ASKING =
  'try { text((await tools.mcp__probe__allowed({})).content[0].text) } catch (error) { text(error.message) }';

/** One way to our server. */
interface Way {
  readonly title: string;
  readonly era: (typeof ERAS)[number];
  /** The configuration of the inspector, with a server named "ours". */
  readonly config: string;
  /** Whether a person can be asked there. */
  readonly asks: boolean;
}

/** Runs a program of the inspector. @returns What it wrote to standard output, as JSON. */
type Inspect = (program: 'mcp-inspector' | 'mcpdo', ...args: readonly string[]) => Promise<unknown>;

async function main(folder: string): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'cellhost-inspector-'));
  const watch = new ProcessWatch();
  const looking = setInterval(() => watch.look(process.pid), LOOK_EVERY_MS);
  const inspect = inspector(folder, scratch);
  let failures = 0;
  try {
    const nested = join(scratch, 'nested.json');
    const probe = { command: process.execPath, args: [NESTED, join(scratch, 'notes')] };
    const mcpServers = { probe: { ...probe, tools: { ask: ['allowed'] } } };
    await writeFile(nested, JSON.stringify({ mcpServers }));
    const command = [LAUNCHER, 'mcp', '--config', nested];
    await using http = await serveOverHttp(command, join(scratch, 'wire'));
    const stdio = { command: process.execPath, args: command };
    for (const [transport, ours] of Object.entries({
      stdio,
      http: { type: 'http', url: http.url },
    })) {
      const config = join(scratch, `${transport}.json`);
      await writeFile(config, JSON.stringify({ mcpServers: { ours } }));
      for (const era of ERAS) {
        const asks = transport === 'stdio' || era === 'modern';
        failures += await check({ title: `${transport}, ${era} era`, era, config, asks }, inspect);
      }
    }
  } finally {
    await inspect('mcpdo', 'daemon', 'stop').catch(() => {});
    clearInterval(looking);
    const left = await watch.untilGone(GONE_LIMIT_MS);
    for (const process of left) say(`This process was left: ${process}`);
    failures += left.length;
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
  say(failures === 0 ? 'Passed' : 'Failed');
  return failures === 0 ? 0 : 1;
}

/** Makes all checks on one way. @returns How many failed. */
async function check(way: Way, inspect: Inspect): Promise<number> {
  say(way.title);
  let failures = 0;
  for (const [name, run] of Object.entries(CHECKS)) {
    const problem = await run(way, inspect).catch((error: unknown) => String(error));
    say(`  ${problem === undefined ? 'ok  ' : 'FAIL'} ${name}`);
    if (problem === undefined) continue;
    say(`       ${problem}`);
    failures += 1;
  }
  return failures;
}

/** Each returns what is wrong. */
const CHECKS: Readonly<
  Record<string, (way: Way, inspect: Inspect) => Promise<string | undefined>>
> = {
  async 'the tools are listed, with schemas that every client can read'(way, inspect) {
    const listed = await once(way, inspect, '--method', 'tools/list', '--strict');
    return missing(listed, '"name":"exec"', '"name":"wait"', '"name":"cells"');
  },
  async 'a program runs'(way, inspect) {
    return missing(await once(way, inspect, ...exec('text(6 * 7)')), '"text":"42"');
  },
  async 'a program fails'(way, inspect) {
    // The inspector has an exit code of its own for a tool that reports an error.
    const failed = await once(way, inspect, ...exec("throw new Error('no')")).catch(String);
    return missing(failed, 'Script error:');
  },
  async '300 calls, 20 at a time'(way, inspect) {
    const load = ['--load', '--load-requests', String(LOAD_CALLS), '--load-concurrency', '20'];
    const summary = await once(way, inspect, ...exec('text(1)'), ...load);
    return missing(summary, `"ok":${LOAD_CALLS},`, '"errorRate":0');
  },
  async 'a person is asked, where the client can ask'(way, inspect) {
    const { config, era, asks } = way;
    await inspect('mcpdo', '--config', config, 'connect', 'ours', '--era', era);
    const ours = ['--connection', 'ours'];
    const args = JSON.stringify({ source: ASKING });
    const first = await inspect('mcpdo', ...ours, 'tools/call', 'exec', args);
    const pending = isJsonObject(first) ? first.elicitationPending : undefined;
    const id = isJsonObject(pending) ? String(pending.elicitationId) : undefined;
    const answer =
      id === undefined
        ? first
        : await inspect('mcpdo', ...ours, 'elicitation/respond', id, 'decision:=allow');
    await inspect('mcpdo', 'disconnect', '@ours');
    if (asks !== (id !== undefined)) return `asked: ${id !== undefined}`;
    return missing(answer, asks ? 'allowed was called' : 'this client cannot ask one');
  },
};

function exec(source: string): readonly string[] {
  const args = JSON.stringify({ source });
  return ['--method', 'tools/call', '--tool-name', 'exec', '--tool-args-json', args];
}

function once({ config, era }: Way, inspect: Inspect, ...args: readonly string[]) {
  const where = ['--config', config, '--server', 'ours', '--protocol-era', era];
  return inspect('mcp-inspector', '--cli', '--quiet', ...where, ...args);
}

function missing(answer: unknown, ...parts: readonly string[]): string | undefined {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  const lost = parts.filter((part) => !text.includes(part));
  return lost.length === 0 ? undefined : `Expected ${lost.join(' and ')} in ${text}`;
}

function inspector(folder: string, home: string): Inspect {
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: home,
    MCP_INSPECTOR_DAEMON_DIR: join(home, 'daemon'),
    MCP_INSPECTOR_DAEMON_TOKEN: 'scripted',
    MCP_INSPECTOR_SECRET_STORE: 'memory',
  };
  return async (program, ...args) => {
    const bin = join(folder, 'node_modules/.bin', program);
    const [first = '', ...rest] = args;
    const isCli = program === 'mcp-inspector';
    const all = isCli ? [first, '--format', 'json', ...rest] : ['--format', 'json', ...args];
    const output = await new Promise<string>((done, fail) => {
      execFile(
        process.execPath,
        [bin, ...all],
        { env, timeout: COMMAND_LIMIT_MS, maxBuffer: 1 << 26 },
        (error, stdout, stderr) => {
          if (error === null) done(stdout);
          else fail(new Error(`${error.message}\n${stdout}${stderr}`));
        },
      );
    });
    try {
      return JSON.parse(output) as JsonObject;
    } catch {
      return output;
    }
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error(USAGE);
  process.exitCode = await main(resolve(folder));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
