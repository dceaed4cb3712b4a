import { setTimeout } from 'node:timers/promises';
import type { Peer, Tool } from './peer.ts';
import { treeMiB } from './process-tree.ts';
import { expectAnswer, Never, startProgram, TimedOut, within } from './task.ts';
import { echo } from './tools.ts';

const WITNESS_MS = 3_000;
const STOP_MS = 3_000;

/** How a hostile program is run. */
export interface Hostility {
  /** In the peer's dialect, with `CALL` in place of the tool. */
  readonly source: string;
  readonly tool: Tool;
  /** How long it can run before it is stopped, in milliseconds. */
  readonly forMs: number;
  /** Its own time limit, for peers that have one, in milliseconds. */
  readonly limitMs: number;
  /** How much memory the bench and the peer may take. */
  readonly maxMiB: number;
}

/** The result of a hostile program. */
export interface Survival {
  readonly peakMiB: number;
  readonly slowestMs: number;
  readonly end: string;
}

/**
 * Runs a hostile program in one session. An innocent session computes meanwhile and has a cell that
 * waits for a tool. Both must continue undisturbed, and the hostile cell must end, by itself or by the
 * peer's means of stopping.
 *
 * @throws `TimedOut`, `Never`, or the peer's error.
 */
export async function besideInnocent(peer: Peer, hostility: Hostility): Promise<Survival> {
  const { source, tool, forMs, limitMs, maxMiB } = hostility;
  const gate = Promise.withResolvers<unknown>();
  const waiting = startProgram(
    peer,
    'const { n } = await CALL({});',
    'n',
    { kind: 'never', run: () => gate.promise },
    { session: 'second' },
  );
  const hostile = startProgram(peer, source, '0', tool, {
    session: 'first',
    ...(peer.hasTimeLimit ? { limitMs } : {}),
  });
  let end: string | null = null;
  hostile.answer.then(
    () => {
      end = 'without an error';
    },
    (error: unknown) => {
      end = String(error).split('\n')[0]?.slice(0, 120) ?? '';
    },
  );
  let peakMiB = 0;
  let slowestMs = 0;
  for (const until = performance.now() + forMs; performance.now() < until; ) {
    const started = performance.now();
    const witness = startProgram(peer, '', '1 + 1', echo, { session: 'second' });
    await within(expectAnswer(witness, 2), WITNESS_MS, 'The innocent session');
    slowestMs = Math.max(slowestMs, performance.now() - started);
    if (slowestMs > WITNESS_MS)
      throw new TimedOut(`The innocent session waited ${Math.round(slowestMs)} ms`);
    peakMiB = Math.max(peakMiB, treeMiB(process.pid));
    if (peakMiB > maxMiB) throw new Error(`It had taken ${Math.round(peakMiB)} MiB`);
    if (end !== null) break;
    await setTimeout(30);
  }
  if (end === null) {
    if (hostile.stop === undefined) throw new Never('Nothing stops the hostile cell');
    await within(hostile.stop(), STOP_MS, 'The stop call', Never);
    end = 'stopped by us';
  }
  if (peer.toolsRunHere) {
    gate.resolve({ n: 42 });
    await within(expectAnswer(waiting, 42), WITNESS_MS, 'The innocent cell that waited');
  }
  return { peakMiB, slowestMs, end };
}
