import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ServedHost } from '../support/served-host.ts';
import { makeTlsFiles } from '../support/tls-files.ts';
import { AppServer } from './app-server.ts';
import { startMockResponsesApi } from './mock-responses-api.ts';
import { RouteBalancer } from './route-balancer.ts';
import { makeScratch } from './scratch.ts';
import type { ResponseItem } from './scripted-model.ts';

/**
 * Runs `codex app-server` with four threads on two hosts behind a balancer, over TLS or without it: each
 * thread stores a value in one cell and loads it in the next, one is steered while its cell waits, and
 * one is interrupted.
 *
 * Exit codes: 0 if everything succeeded, 1 otherwise, 2 if it could not be run.
 */

const USAGE = 'Usage: node test/e2e/codex-fleet.ts --codex PROGRAM [--tls]';
const THREADS = 4;
const LIMIT_MS = 60_000;
const SLOW = `// @exec: {"yield_time_ms": 60000}\ntext('slow'); await new Promise(() => {})`;

interface Item {
  readonly type: string;
  readonly call_id?: string;
  readonly output?: unknown;
  readonly content?: readonly { readonly text?: string }[];
}

/** The programs of each thread, in order; a thread is known by its first message. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  steered: [SLOW],
  interrupted: [SLOW],
  ...Object.fromEntries(
    Array.from({ length: THREADS }, (_, n) => [
      `thread ${n}`,
      [
        `store('n', ${n}); text((await tools.exec_command({ cmd: 'echo hi' })).output)`,
        `text('loaded ' + load('n'))`,
      ],
    ]),
  ),
};

/** What the cells of each thread gave back. */
const results = new Map<string, string[]>();

function respond(body: unknown): readonly ResponseItem[] {
  const { input } = body as { readonly input: readonly Item[] };
  const texts = input.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  const name = texts.map(({ text }) => text ?? '').findLast((text) => text in PROGRAMS) ?? '';
  const programs = PROGRAMS[name] ?? [];
  const answers = input.filter(
    ({ call_id, output }) => call_id !== undefined && output !== undefined,
  );
  const own = answers.filter(({ call_id }) => call_id?.startsWith(`${name} `));
  results.set(
    name,
    own.map(({ output }) => JSON.stringify(output)),
  );
  const source = programs[own.length];
  const id = `${name} ${own.length}`;
  if (source === undefined) {
    const content = [{ type: 'output_text', text: 'Done.' }];
    return [{ type: 'message', role: 'assistant', id: 'message', content }];
  }
  return [{ type: 'custom_tool_call', id: `item ${id}`, call_id: id, name: 'exec', input: source }];
}

async function main(argv: readonly string[]): Promise<readonly string[]> {
  const { values } = parseArgs({
    args: [...argv],
    options: { codex: { type: 'string' }, tls: { type: 'boolean', default: false } },
  });
  if (values.codex === undefined) throw new Error(USAGE);
  using files = makeTlsFiles();
  const tls = { cert: readFileSync(files.serverCert), key: readFileSync(files.serverKey) };
  await using first = await ServedHost.start({ listen: 'grpc://127.0.0.1:0' });
  await using second = await ServedHost.start({ listen: 'grpc://127.0.0.1:0' });
  await using balancer = await RouteBalancer.start(
    [first.url, second.url],
    values.tls ? tls : undefined,
  );
  await using api = await startMockResponsesApi(respond);
  await using scratch = await makeScratch({
    codex: values.codex,
    host: '/bin/false',
    model: 'gpt-5.5',
    wire: 'default',
    apiUrl: api.url,
  });
  const url = `${values.tls ? 'https' : 'http'}://localhost:${balancer.port}`;
  const env = { ...scratch.env, NO_PROXY: 'localhost,127.0.0.1', SSL_CERT_FILE: files.ca };
  await using server = new AppServer(scratch.codex, url, env, scratch.work);
  const late = setTimeout(() => {
    process.stderr.write(`Not over within ${LIMIT_MS} ms: ${server.said}\n`);
    process.exit(1);
  }, LIMIT_MS);
  await server.ask('initialize', { clientInfo: { name: 'cellhost', version: '0', title: null } });
  server.tell('initialized');
  const problems = [...(await play(server, balancer))];
  clearTimeout(late);
  const asked = balancer.seen.map((methods) => methods.filter((name) => name === 'Execute').length);
  if (asked.some((count) => count === 0)) problems.push(`Not both hosts were used: ${asked}`);
  if (api.problems.length > 0) problems.push(...api.problems);
  for (const [index, methods] of balancer.seen.entries()) {
    process.stdout.write(`host ${index + 1} was asked for: ${[...new Set(methods)].join(', ')}\n`);
  }
  return problems;
}

async function play(server: AppServer, balancer: RouteBalancer): Promise<readonly string[]> {
  const problems: string[] = [];
  const threads = await Promise.all(
    Array.from({ length: THREADS }, async () => {
      const { thread } = await server.ask('thread/start', {});
      return (thread as { readonly id: string }).id;
    }),
  );
  await Promise.all(
    threads.map((id, n) => turn(server, id, `thread ${n}`).then((begun) => begun.over)),
  );
  for (const n of threads.keys()) {
    const [echoed, loaded] = results.get(`thread ${n}`) ?? [];
    if (!echoed?.includes('hi')) problems.push(`The tool of thread ${n} gave ${echoed}`);
    if (!loaded?.includes(`loaded ${n}`)) problems.push(`Thread ${n} loaded ${loaded}`);
  }
  const asked = (method: string) => until(() => balancer.seen.flat().includes(method));
  const executes = () => balancer.seen.flat().filter((name) => name === 'Execute').length;
  let before = executes();
  const steered = await turn(server, threads[0]!, 'steered');
  await until(() => executes() > before);
  const input = [{ type: 'text', text: 'Hurry.', text_elements: [] }];
  await server.ask('turn/steer', { threadId: threads[0], input, expectedTurnId: steered.id });
  await asked('YieldObservation');
  await steered.over;
  if (!results.get('steered')?.[0]?.includes('Script running')) {
    problems.push(`The steered cell gave ${results.get('steered')}`);
  }
  before = executes();
  const interrupted = await turn(server, threads[1]!, 'interrupted');
  await until(() => executes() > before);
  await server.ask('turn/interrupt', { threadId: threads[1], turnId: interrupted.id });
  await asked('Terminate');
  await interrupted.over;
  return problems;
}

/** Starts a turn. */
async function turn(server: AppServer, threadId: string, text: string) {
  const input = [{ type: 'text', text, text_elements: [] }];
  const { turn: begun } = await server.ask('turn/start', { threadId, input });
  const { id } = begun as { readonly id: string };
  const isIt = (params: Readonly<Record<string, unknown>>) =>
    (params.turn as { readonly id?: string } | undefined)?.id === id;
  return { id, over: server.saw('turn/completed', isIt) };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

try {
  const problems = await main(process.argv.slice(2));
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(problems.length === 0 ? 'Passed\n' : 'Failed\n');
  process.exitCode = problems.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
