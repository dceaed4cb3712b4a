import { setTimeout } from 'node:timers/promises';
import type { Delegate } from '../../src/delegate.ts';
import { treeOf } from '../peers/process-tree.ts';
import { type HostProcess, startHostProcess } from './host-process.ts';
import { check } from './measurement.ts';
import { endedChildrenMicros, processorMicros } from './processor-time.ts';
import {
  hostedSession,
  isolatePlace,
  type PlacedSession,
  type PlacedSessionOptions,
  processPlace,
  textOf,
} from './rig.ts';
import { Turnstile } from './turnstile.ts';

/** Where the programs of a round run. */
export type RoundPlace = 'embedded' | 'sandbox processes' | 'hosted';
/** The pieces of work: tool calls of one cell, or cells of one session, one after the other. */
export type RoundWork = 'tool calls' | 'cells';

/** The number of pieces in each stretch. */
export interface RoundSizes {
  /** Cold: each stretch begins with the very first piece. */
  readonly cold: readonly number[];
  readonly warmUp: number;
  readonly warm: number;
}

/** Microseconds for each piece, by stretch and process. */
export interface RoundFigure {
  readonly stretch: string;
  readonly process: string;
  readonly micros: number;
}

/** Until processes have finished their work after the last answer. */
const SETTLE_MS = 20;
/** Until a spare sandbox process has started, which is not part of any call. */
const SPARE_MS = 400;

/** Does a number of pieces of work. */
type Work = (count: number) => Promise<void>;
/** Microseconds used so far, by process. */
type Snapshot = ReadonlyMap<string, number>;

/** One round. Its process must do nothing else, so that the first pieces are really cold. */
async function playRound(
  place: RoundPlace,
  work: RoundWork,
  sizes: RoundSizes,
): Promise<readonly RoundFigure[]> {
  await using opened = new AsyncDisposableStack();
  const host = place === 'hosted' ? opened.use(await startHostProcess()) : null;
  const calls = new Turnstile<void>();
  const delegate: Delegate = {
    invokeTool: ({ tool, input }) => (tool === 'go' ? calls.enter() : Promise.resolve(input)),
    notify: async () => {},
  };
  const placed = opened.use(await openIn(place, host, opened, { delegate, tools: ['go', 'echo'] }));
  const perform = work === 'cells' ? cellsOf(placed) : await callsOf(placed, calls);
  await setTimeout(place === 'embedded' ? SETTLE_MS : SPARE_MS);
  return await measureStretches(perform, () => snapshot(place, host), sizes);
}

async function openIn(
  place: RoundPlace,
  host: HostProcess | null,
  opened: AsyncDisposableStack,
  options: PlacedSessionOptions,
): Promise<PlacedSession> {
  if (host !== null) return await hostedSession(host.client, options);
  const own = opened.use(place === 'embedded' ? isolatePlace() : processPlace());
  return await own.openSession(options);
}

async function callsOf({ session }: PlacedSession, calls: Turnstile<void>): Promise<Work> {
  const source = `for (;;) {
    const count = await tools.go();
    for (let n = 0; n < count; n += 1) {
      if ((await tools.echo({ n })).n !== n) throw new Error('wrong echo');
    }
  }`;
  await session.execute({ source, observe: { yieldAfterMs: 0 } });
  await calls.arrived();
  return async (count) => void (await calls.next(count));
}

function cellsOf({ session }: PlacedSession): Work {
  return async (count) => {
    for (let n = 0; n < count; n += 1) check('1 + 1', await textOf(session, 'text(1 + 1)'), '2');
  };
}

async function measureStretches(
  perform: Work,
  look: () => Snapshot,
  { cold, warmUp, warm }: RoundSizes,
): Promise<readonly RoundFigure[]> {
  const figures: RoundFigure[] = [];
  const add = (stretch: string, count: number, from: Snapshot) => {
    for (const [name, micros] of look()) {
      figures.push({ stretch, process: name, micros: (micros - (from.get(name) ?? 0)) / count });
    }
  };
  const start = look();
  let done = 0;
  for (const count of cold) {
    await perform(count - done);
    await setTimeout(SETTLE_MS);
    done = count;
    add(`first ${count.toLocaleString('en')}`, count, start);
  }
  await perform(warmUp);
  await setTimeout(SETTLE_MS);
  const before = look();
  await perform(warm);
  await setTimeout(SETTLE_MS);
  add('warm', warm, before);
  return figures;
}

/** Sandbox processes are replaced now and then, so ended ones count, too. */
function snapshot(place: RoundPlace, host: HostProcess | null): Snapshot {
  if (place === 'embedded') return new Map([['embedding process', processorMicros(process.pid)]]);
  const found = new Map([['client', processorMicros(process.pid)]]);
  if (host !== null) found.set('host', processorMicros(host.pid));
  const parent = host?.pid ?? process.pid;
  const engines = [...treeOf(parent)].filter((pid) => pid !== parent);
  const alive = engines.reduce((sum, pid) => sum + processorMicros(pid), 0);
  return found.set('sandbox processes', alive + endedChildrenMicros(parent));
}

const [place, work, sizes = '{}'] = process.argv.slice(2);
const figures = await playRound(place as RoundPlace, work as RoundWork, JSON.parse(sizes));
process.send?.(figures, () => process.disconnect?.());
