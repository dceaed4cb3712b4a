import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { messageOf } from '../../src/errors.ts';
import type { AcpLog } from './acp-log.ts';
import type { AgentEnd, AgentProcess } from './agent-process.ts';
import { Exchange } from './exchange.ts';
import { type LineOutlet, pumpLines } from './lines/line-pump.ts';
import type { OwnRequests } from './own-requests.ts';
import type { SessionBook } from './session-book.ts';

/** Two sides, and what is between them. */
export interface ProxyParts {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Writes to the same `stdout`. */
  readonly toEditor: LineOutlet;
  readonly toAgent: LineOutlet;
  readonly agent: AgentProcess;
  readonly sessions: SessionBook;
  readonly requests: OwnRequests;
  readonly onAsks: (kinds: ReadonlySet<string>) => void;
  /** Resolves when somebody asks us to stop. */
  readonly stopped: Promise<void>;
  readonly log: AcpLog;
}

/** What the proxy ends with whose agent never said anything. */
const NEVER_STARTED = 2;

/**
 * Stands between an editor and an agent until one of them is gone, and then ends the other.
 *
 * @returns The exit code: that of the agent if it ended by itself, 2 if it ended before it said anything,
 *   and 0 if the editor left and we had to end it.
 */
export async function runProxy(parts: ProxyParts): Promise<number> {
  const { agent, sessions, requests, onAsks, log, toEditor, toAgent, stopped } = parts;
  const exchange = new Exchange({ sessions, requests, onAsks });
  let hasLeft = false;
  const leave = async () => {
    if (hasLeft) return;
    hasLeft = true;
    toAgent.end();
    requests.close();
    await Promise.all([sessions.close(), agent.stop()]);
  };
  const fromEditor = pumpLines(parts.stdin, toAgent, (line) => exchange.fromEditor(line)).then(
    (rest) => toAgent.sendRest(rest),
    (error: unknown) => tell(log, 'the editor', error),
  );
  const fromAgent = pumpLines(agent.stdout, toEditor, (line) => exchange.fromAgent(line)).then(
    (rest) => toEditor.sendRest(rest),
    (error: unknown) => {
      tell(log, 'the agent', error);
      void agent.kill();
    },
  );
  // A reader that is gone is an editor that is gone.
  const unread = finished(parts.stdout, { readable: false }).catch(() => {});
  const left = Promise.race([fromEditor, unread, stopped]).then(leave);
  const end = await agent.ended;
  const isFirst = !hasLeft;
  hasLeft = true;
  // Whoever asks us to stop does not wait for an editor that reads no more.
  await Promise.race([fromAgent, unread, stopped]);
  requests.close();
  if (isFirst) {
    for (const answer of exchange.answersOf(end)) toEditor.send(answer);
  } else await left;
  await sessions.close();
  return exitCodeFor(end, isFirst && !exchange.hasHeard, log);
}

function exitCodeFor({ exitCode, cause, isStopped }: AgentEnd, isMute: boolean, log: AcpLog) {
  if (isStopped) return 0;
  if (!isMute) return exitCode ?? NEVER_STARTED;
  log.warn({}, `The agent ${cause} before it said anything`);
  return NEVER_STARTED;
}

function tell(log: AcpLog, who: string, error: unknown): void {
  const reason = messageOf(error);
  log.warn({}, `Cannot read on from ${who}: ${reason}`);
}
