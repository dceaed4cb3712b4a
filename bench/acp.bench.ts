import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Bench } from 'tinybench';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
} from './support/measurement.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/cellhost.js', import.meta.url));
const PROXY = [process.execPath, LAUNCHER, 'acp', '--log-level', 'silent', '--'];
const SLOW_SERVER = fileURLToPath(new URL('../test/support/ugly-mcp-server.js', import.meta.url));

/** An agent that answers each request at once, and starts no server. */
const AGENT = `let last = 0;
for await (const line of (await import('node:readline')).createInterface({ input: process.stdin })) {
  const { id, method } = JSON.parse(line);
  const result = method === 'initialize' ? { protocolVersion: 1 } : { sessionId: 's' + ++last };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
}`;
const TRIPS = 50;

/** What does `cellhost acp` between an editor and an agent add? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using alone = await startAgent([]);
  await using behind = await startAgent(PROXY);
  const agents = { 'an agent alone': alone, 'the agent behind cellhost acp': behind };
  const budget = { samples: 40, warmups: 3 };
  const trips = new Bench(benchOptions('a request and its answer', pace, budget));
  const sessions = new Bench(benchOptions('a new session', pace, { samples: 10, warmups: 1 }));
  for (const [name, agent] of Object.entries(agents)) {
    trips.add(`acp: ${name}`, () =>
      timed(async () => {
        for (let n = 0; n < TRIPS; n += 1) await agent.request('_x', { n });
      }, TRIPS),
    );
    sessions.add(`acp: session/new, a server that takes 20 s, ${name}`, () =>
      timed(async () => {
        const { sessionId } = await agent.request('session/new', { cwd: '/', mcpServers: SLOW });
        check('The id', typeof sessionId, 'string');
      }),
    );
  }
  return [...(await measured(trips)), ...(await measured(sessions))];
}

const SLOW = [{ name: 'slow', command: process.execPath, args: [SLOW_SERVER, 'slow'], env: [] }];

interface Answered {
  readonly sessionId?: string;
}

/** An agent, as an editor reaches it. */
interface BenchAgent extends AsyncDisposable {
  request(method: string, params: object): Promise<Answered>;
}

async function startAgent(proxy: readonly string[]): Promise<BenchAgent> {
  const agent = [process.execPath, '--input-type=module', '-e', AGENT];
  const [command = '', ...args] = [...proxy, ...agent];
  const child: ChildProcessWithoutNullStreams = spawn(command, args);
  child.stderr.resume();
  const exit = once(child, 'exit');
  const waiting = new Map<number, (result: Answered) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result } = JSON.parse(line);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let last = 0;
  const request = (method: string, params: object) =>
    new Promise<Answered>((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      const line = JSON.stringify({ jsonrpc: '2.0', id: last, method, params });
      child.stdin.write(`${line}\n`);
    });
  await request('initialize', { protocolVersion: 1 });
  return {
    request,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exit;
    },
  };
}
