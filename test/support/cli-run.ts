import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { main } from '../../host/cli/cli.ts';
import type { CliIo, CliOutput } from '../../host/cli/cli-io.ts';
import { main as mainOfHost } from '../../host/cli/code-mode-host.ts';
import type { OpenSession, SessionNeeds } from '../../host/cli/run-command.ts';
import { ugly } from './mcp-servers.ts';
import type { ScriptedSession } from './scripted-session.ts';

const directory = mkdtempSync(join(tmpdir(), 'cellhost-cli-'));
process.on('exit', () => rmSync(directory, { recursive: true }));

/** What a command line program finds around it. */
export interface CliSurroundings {
  /** What comes on standard input. Default: standard input is a terminal. */
  readonly stdin?: string | Readable;
  readonly stderrIsTerminal?: boolean;
  readonly openSession?: OpenSession;
}

/** A command line program that runs in this process. */
export interface CliRun {
  readonly exitCode: Promise<number>;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
  /** Emit a signal's name to send it. */
  readonly signals: EventEmitter;
}

/** Starts `cellhost` with these arguments. */
export function startCli(argv: readonly string[], surroundings: CliSurroundings = {}): CliRun {
  return startProgram((io) => main(argv, io, surroundings.openSession), surroundings);
}

/** Starts `codex-code-mode-host` with these arguments. */
export function startHostCli(argv: readonly string[], surroundings: CliSurroundings = {}): CliRun {
  return startProgram((io) => mainOfHost(argv, io), surroundings);
}

function startProgram(run: (io: CliIo) => Promise<number>, surroundings: CliSurroundings): CliRun {
  const stdout = captureOutput(false);
  const stderr = captureOutput(surroundings.stderrIsTerminal ?? false);
  const signals = new EventEmitter();
  const stdin = inputOf(surroundings.stdin);
  const io = { stdin, stdout: stdout.stream, stderr: stderr.stream, signals, version: '1.2.3' };
  return { exitCode: run(io), stdout, stderr, signals };
}

/** Starts `cellhost run` over a scripted session, and tells what it asks of the session. */
export function startScripted(
  session: ScriptedSession,
  argv: readonly string[],
  surroundings: CliSurroundings = {},
): CliRun & { readonly needs: Promise<SessionNeeds> } {
  const opened = Promise.withResolvers<SessionNeeds>();
  const openSession: OpenSession = (needs, resources) => {
    opened.resolve(needs);
    return resources.use(session);
  };
  const run = startCli(['run', ...argv], { openSession, ...surroundings });
  return { ...run, needs: opened.promise };
}

/** Writes a file that is gone when the tests are over. */
export async function temporaryFile(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** A configuration of ugly servers, each called what it does. */
export function configOf(...behaviours: readonly string[]): Promise<string> {
  const servers = behaviours.map((behaviour) => [behaviour, ugly(behaviour)]);
  const content = JSON.stringify({ mcpServers: Object.fromEntries(servers) });
  return temporaryFile(`${behaviours.join('-')}.json`, content);
}

/** What a program wrote on one stream. */
export interface CapturedOutput {
  readonly stream: CliOutput;
  text(): string;
  lines(): readonly string[];
  /** Resolves when this text was written. */
  has(part: string): Promise<void>;
}

function captureOutput(isTTY: boolean): CapturedOutput {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 60 });
  const news = new EventEmitter();
  let written = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    written += piece;
    news.emit('news');
  });
  return {
    stream,
    text: () => written,
    lines: () => written.split('\n').slice(0, -1),
    has: (part) =>
      new Promise((resolve) => {
        const look = () => {
          if (!written.includes(part)) return;
          news.off('news', look);
          resolve();
        };
        news.on('news', look);
        look();
      }),
  };
}

function inputOf(stdin: string | Readable | undefined): Readable & { readonly isTTY?: boolean } {
  if (stdin === undefined) return Object.assign(new PassThrough(), { isTTY: true });
  return typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin;
}
