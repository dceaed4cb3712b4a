import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../../src/describe/json-object.ts';
import { ProcessWatch } from '../process-watch.ts';
import { type Scenario, ScenarioPlayer, type ScenarioResult } from '../scenario-player.ts';
import type { ClientCall } from './client-scenarios.ts';
import { type ClientKind, PROMPT, SERVER, type ServerEntry } from './clients.ts';
import type { ModelRequest, ModelTurn, OfferedTool } from './dialects.ts';
import { type ModelApi, startModelApi } from './model-api.ts';
import { readWire, type WireFacts } from './servers/recorded-wire.ts';
import { serveOverHttp } from './servers/served-over-http.ts';

/** One run of a client. */
export interface RunNeeds {
  readonly kind: ClientKind;
  /** The program, not a script of a package manager that starts it. */
  readonly program: string;
  readonly scenarios: readonly Scenario<ClientCall>[];
  /** Default: standard streams. */
  readonly isHttp?: boolean;
  /** Whether a person decides and interrupts. Default: false. */
  readonly isSteered?: boolean;
  /** Whether the client is given the nested server itself. Default: false. */
  readonly isBare?: boolean;
  /** How long the server waits before it starts, in milliseconds. Default: 0. */
  readonly delayMs?: number;
  /** How long the client may take, in milliseconds. Default: 150,000. */
  readonly limitMs?: number;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface ClientRun {
  readonly scenarios: readonly ScenarioResult[];
  /** What the first request to the model offered. */
  readonly offered: readonly OfferedTool[];
  readonly wire: WireFacts;
  /** What happened to the nested server, in order. */
  readonly notes: readonly string[];
  /** Requests to others than the model. */
  readonly refused: readonly string[];
  readonly problems: readonly string[];
}

const RUN_LIMIT_MS = 150_000;
const GONE_LIMIT_MS = 3_000;
const LOOK_EVERY_MS = 50;
const TAIL_LENGTH = 2_000;

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LAUNCHER = local('../../../bin/cellhost.js');
const RECORDER = local('./servers/recording-server.js');
const NESTED = local('./servers/nested-server.js');
const EVERYTHING = local(
  '../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js',
);
const FILESYSTEM = local(
  '../../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js',
);

/** Runs a client once in a folder of its own, with a scripted model. @throws If it cannot start. */
export async function runClient(needs: RunNeeds): Promise<ClientRun> {
  const home = await mkdtemp(join(tmpdir(), 'cellhost-e2e-'));
  const watch = new ProcessWatch();
  const player = new ScenarioPlayer(needs.scenarios);
  const model = new ToolModel(player);
  try {
    await using api = await startModelApi((request) => model.respond(request));
    const files = {
      work: join(home, 'work'),
      wire: join(home, 'wire'),
      notes: join(home, 'notes'),
    };
    await mkdir(files.work);
    await writeFile(join(home, 'nested.json'), JSON.stringify(nestedConfig(files)));
    const ours = [LAUNCHER, 'mcp', '--config', join(home, 'nested.json')];
    const command = needs.isBare ? [NESTED, files.notes] : ours;
    await using http = needs.isHttp ? await serveOverHttp(command, files.wire) : undefined;
    const recorded = [RECORDER, files.wire, String(needs.delayMs ?? 0), process.execPath];
    const stdio = { command: process.execPath, args: [...recorded, ...command] };
    const ended = await play(needs, { home, ...files, api, server: http ?? stdio }, watch);
    await http?.close();
    const left = await watch.untilGone(GONE_LIMIT_MS);
    return {
      scenarios: player.results,
      offered: model.offered,
      wire: await readWire(files.wire),
      notes: await linesOf(files.notes),
      refused: api.refused,
      problems: [...ended, ...left.map((process) => `This process was left: ${process}`)],
    };
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Answers the requests of a client with the calls of scenarios. */
class ToolModel {
  readonly #player: ScenarioPlayer<ClientCall>;
  #answered = 0;
  #calls = 0;
  offered: readonly OfferedTool[] = [];

  constructor(player: ScenarioPlayer<ClientCall>) {
    this.#player = player;
  }

  respond({ tools, results }: ModelRequest): ModelTurn {
    if (this.offered.length === 0) this.offered = tools;
    const [call] = this.#player.next(results.slice(this.#answered));
    this.#answered = results.length;
    const name = call && tools.find((tool) => isTool(tool, call.tool))?.name;
    if (call === undefined || name === undefined) return { type: 'text', text: 'done' };
    this.#calls += 1;
    return { type: 'call', id: `call_${this.#calls}`, name, input: call.input };
  }
}

/** Whether a tool of our server has this name there. Each client writes it in another way. */
export function isTool({ name }: OfferedTool, tool: string): boolean {
  return new RegExp(`${SERVER}[_.]+${tool}$`).test(name);
}

function nestedConfig({ work, notes }: { readonly work: string; readonly notes: string }) {
  const node = (...args: string[]) => ({ command: process.execPath, args });
  const tools = { ask: ['allowed', 'refused'], direct: ['hang', 'verbose'] };
  return {
    mcpServers: {
      probe: { ...node(NESTED, notes), tools },
      everything: node(EVERYTHING),
      files: node(FILESYSTEM, work),
    },
  };
}

interface Stage {
  readonly home: string;
  readonly work: string;
  readonly notes: string;
  readonly api: ModelApi;
  readonly server: ServerEntry;
}

/** Starts the client and waits for its end. @returns What went wrong. */
async function play(
  { kind, program, isSteered = false, limitMs = RUN_LIMIT_MS, signal }: RunNeeds,
  { home, work, notes, api, server }: Stage,
  watch: ProcessWatch,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const place = { home, work, apiUrl: api.url, server, isSteered };
  const { args, env } = await kind.prepare(place);
  const isScript = program.endsWith('.js');
  const steer = isSteered ? kind.steer : undefined;
  const child = spawn(isScript ? process.execPath : program, isScript ? [program, ...args] : args, {
    cwd: work,
    env: { ...surroundings(home, api.url), ...env },
    stdio: [steer ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
    signal,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      output = (output + piece).slice(-TAIL_LENGTH);
    });
  }
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => resolve(code ?? by ?? 'unknown'));
  });
  const over = new AbortController();
  const looking = setInterval(() => watch.look(process.pid), LOOK_EVERY_MS);
  try {
    const hanging = untilHanging(notes, over.signal);
    hanging.catch(() => {});
    if (steer) await steer(steered(child), { work, prompt: PROMPT, interruption: hanging });
    else
      void hanging.then(
        () => isSteered && child.kill('SIGINT'),
        () => {},
      );
    const how = await ended;
    const isInterrupted = isSteered && steer === undefined;
    return how === 0 || isInterrupted ? [] : [`The program ended with ${how}: ${output}`];
  } finally {
    clearInterval(looking);
    over.abort();
  }
}

function steered(child: ChildProcess) {
  const lines = createInterface({ input: child.stdout! });
  return {
    messages: parsed(lines),
    send: (message: JsonObject) => void child.stdin?.write(`${JSON.stringify(message)}\n`),
    end: () => void child.stdin?.end(),
  };
}

async function* parsed(lines: AsyncIterable<string>): AsyncGenerator<JsonObject> {
  for await (const line of lines) yield JSON.parse(line) as JsonObject;
}

/** Resolves when the call that does not return is at its server. Rejects when the run is over. */
async function untilHanging(notes: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    if ((await linesOf(notes)).includes('hanging')) return;
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function linesOf(file: string): Promise<readonly string[]> {
  const content = await readFile(file, 'utf8').catch(() => '');
  return content.split('\n').filter((line) => line !== '');
}

/** Nothing of the user's, and a proxy that refuses everything outside this machine. */
function surroundings(home: string, apiUrl: string): Record<string, string> {
  const path = `${process.execPath.slice(0, process.execPath.lastIndexOf('/'))}:/usr/bin:/bin`;
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy'];
  return {
    PATH: path,
    HOME: home,
    TMPDIR: home,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    NO_COLOR: '1',
    ...Object.fromEntries(proxies.map((name) => [name, apiUrl])),
    NO_PROXY: '127.0.0.1,localhost',
    no_proxy: '127.0.0.1,localhost',
  };
}
