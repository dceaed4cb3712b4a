import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { startMockResponsesApi } from './mock-responses-api.ts';
import { ProcessWatch } from './process-watch.ts';
import type { ScenarioResult } from './scenario-player.ts';
import { SCENARIOS } from './scenarios.ts';
import { type CodexWire, type HostStart, makeScratch, type Scratch } from './scratch.ts';
import { ScriptedModel } from './scripted-model.ts';
import { type Exchange, toTranscript } from './transcript.ts';

/** The result of the script on one host. */
export interface CodexRun {
  readonly host: string;
  readonly scenarios: readonly ScenarioResult[];
  /** Every start of the host that the wrapper in its place saw. */
  readonly starts: readonly HostStart[];
  /** Commands that ran in the host's process while the program sent results of cells. */
  readonly witnessed: readonly string[];
  readonly transcript: readonly Exchange[];
  /** Requests that did not go to the model. */
  readonly refused: readonly string[];
  /** Problems beyond those of the scenarios. Empty if everything is proved. */
  readonly problems: readonly string[];
  readonly tookMs: number;
}

const RUN_LIMIT_MS = 20_000;
/** The program kills its host; processes of the host notice and end. */
const GONE_LIMIT_MS = 3_000;
const LOOK_EVERY_MS = 50;
const TAIL_LENGTH = 2_000;

/** Commands by process id. */
type Running = ReadonlyMap<number, string>;

interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly how: number | string;
  readonly output: string;
}

/**
 * Runs the program once, on this host, with the scripted model.
 *
 * @param signal Ends the program early.
 * @throws If it cannot be started. Later problems are in the result.
 */
export async function runCodex(
  codex: string,
  host: string,
  { model, wire }: { readonly model: string; readonly wire: CodexWire },
  signal: AbortSignal,
): Promise<CodexRun> {
  const startedAt = performance.now();
  const script = new ScriptedModel(SCENARIOS);
  const watch = new ProcessWatch();
  const running: Running[] = [];
  await using api = await startMockResponsesApi((body) => {
    running.push(watch.look(process.pid));
    return script.respond(body);
  });
  await using scratch = await makeScratch({ codex, host, model, wire, apiUrl: api.url });
  const ended = await runProgram(scratch, watch, signal);
  const left = await watch.untilGone(GONE_LIMIT_MS);
  const starts = await scratch.hostStarts();
  const witnessed = witnesses(starts, running);
  const problems = [
    ...api.problems,
    ...endProblems(ended, script.wentWell),
    ...hostProblems(starts, witnessed),
    ...left.map((command) => `This process was left: ${command}`),
  ];
  return {
    host,
    scenarios: script.results,
    starts,
    witnessed,
    transcript: toTranscript(api.requests, { scratch: scratch.path }),
    refused: api.refused,
    problems,
    tookMs: Math.round(performance.now() - startedAt),
  };
}

async function runProgram(
  scratch: Scratch,
  watch: ProcessWatch,
  signal: AbortSignal,
): Promise<Ended> {
  signal.throwIfAborted();
  const args = ['exec', '--skip-git-repo-check', '--json', 'Play the script.'];
  const child = spawn(scratch.codex, args, {
    cwd: scratch.work,
    env: scratch.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  // Find its children before it is gone.
  const looking = setInterval(() => watch.look(process.pid), LOOK_EVERY_MS);
  const how = await exited.finally(() => {
    clearInterval(looking);
    signal.removeEventListener('abort', kill);
  });
  // Processes that inherited the streams may keep them open longer.
  const giveUp = setTimeout(() => {
    child.stdout.destroy();
    child.stderr.destroy();
  }, GONE_LIMIT_MS);
  const [stdout, stderr] = await output.catch(() => ['', 'Its output did not end']);
  clearTimeout(giveUp);
  return { how, output: `${stdout.slice(-TAIL_LENGTH)}${stderr.slice(-TAIL_LENGTH)}` };
}

/** The commands that ran in the host's process, checked at each request. */
function witnesses(starts: readonly HostStart[], running: readonly Running[]): readonly string[] {
  const commands = starts.flatMap(({ pid }) => running.map((processes) => processes.get(pid)));
  return [...new Set(commands)].filter((command): command is string => Boolean(command));
}

function endProblems({ how, output }: Ended, wentWell: boolean): readonly string[] {
  const ending = how === 0 ? [] : [`The program ended with ${how}`];
  return how === 0 && wentWell ? [] : [...ending, `Its last words: ${output}`];
}

function hostProblems(
  starts: readonly HostStart[],
  witnessed: readonly string[],
): readonly string[] {
  if (starts.length === 0) return ['The host was never started'];
  const often = starts.length > 1 ? [`The host was started ${starts.length} times`] : [];
  const unseen =
    process.platform === 'linux' && witnessed.length === 0
      ? ['The host did not run while cells gave results']
      : [];
  return [...often, ...unseen];
}
