import { readdirSync } from 'node:fs';
import type { Delegate } from '../src/delegate.ts';
import { treeMiB } from './peers/process-tree.ts';
import { check, elapsedMs, type Measurement, summary, type Unit } from './support/measurement.ts';
import { type Place, type PlacedSession, processPlace, textOf } from './support/rig.ts';
import { residentMiB, settled } from './support/settled-memory.ts';

/** The number of time windows. */
const WINDOWS = 12;
const CELLS_PER_SESSION = 20;
const ABANDONED_PER_SESSION = 10;
/** How much the second half may grow: a larger growth is a leak. */
const MAX_GROWTH_MIB = 24;
const MAX_GROWTH_HANDLES = 8;

/**
 * Runs sessions for a long time, each with cells that end, cells that fail, calls of tools and
 * callbacks that are abandoned. Measures latency, memory and handles in each window.
 *
 * @throws If memory or handles of this process still grow in the second half.
 */
export async function soak(minutes: number): Promise<readonly Measurement[]> {
  await using place = processPlace();
  const found: Measurement[] = [];
  const windowMs = (minutes * 60_000) / WINDOWS;
  for (let window = 1; window <= WINDOWS; window += 1) {
    const cells: number[] = [];
    const until = performance.now() + windowMs;
    do cells.push(...(await liveOneSession(place)));
    while (performance.now() < until);
    const tree = await settled(() => treeMiB(process.pid));
    const add = (group: string, unit: Unit, samples: readonly number[]) => {
      const measurement = summary(`soak of ${minutes} minutes: ${group}`, name, unit, samples);
      found.push({ ...measurement, dimensions: { minute, of: group } });
    };
    const minute = (window * minutes) / WINDOWS;
    const name = `until minute ${minute.toFixed(2)}`;
    add('a cell with a tool call', 'ms', cells);
    add('memory of this process', 'MiB', [residentMiB()]);
    add('memory of the whole tree', 'MiB', [tree]);
    add('handles of this process', 'count', [handleCount()]);
  }
  // Sandbox processes grow until they are replaced, so their size at any moment is chance.
  checkGrowth(found, 'memory of this process', MAX_GROWTH_MIB);
  checkGrowth(found, 'handles of this process', MAX_GROWTH_HANDLES);
  return found;
}

/** @returns The times of its cells. */
async function liveOneSession(place: Place): Promise<readonly number[]> {
  const delegate: Delegate = {
    invokeTool: ({ tool, input }) =>
      tool === 'echo' ? Promise.resolve(input) : new Promise(() => {}),
    notify: async () => {},
  };
  await using placed = await place.openSession({ delegate, tools: ['echo', 'never'] });
  const times: number[] = [];
  for (let n = 0; n < CELLS_PER_SESSION; n += 1) {
    const source = `text((await tools.echo({ n: ${n} })).n)`;
    times.push(
      await elapsedMs(async () =>
        check('The echo', await textOf(placed.session, source), String(n)),
      ),
    );
  }
  await failAndAbandon(placed);
  return times;
}

async function failAndAbandon({ session }: PlacedSession): Promise<void> {
  const failing = await session.execute({ source: 'throw new Error("planned")' });
  check('The failing cell', (await failing.first).type, 'completed');
  const source = `for (let n = 0; n < ${ABANDONED_PER_SESSION}; n += 1) void tools.never();
    await new Promise((go) => setTimeout(go, 1e9));`;
  const { first } = await session.execute({ source, observe: { yieldAfterMs: 20 } });
  check('The waiting cell', (await first).type, 'yielded');
}

function handleCount(): number {
  const files = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return files + process.getActiveResourcesInfo().length;
}

/** Compares minimum values, because the time of collections is chance. */
function checkGrowth(found: readonly Measurement[], of: string, most: number): void {
  const values = found.filter(({ dimensions }) => dimensions?.of === of).map(({ p50 }) => p50);
  const quarter = WINDOWS / 4;
  const middle = Math.min(...values.slice(quarter, 2 * quarter));
  const last = Math.min(...values.slice(-quarter));
  if (last - middle > most) throw new Error(`${of}: from ${middle} to ${last} in the second half`);
}
