import { readFileSync } from 'node:fs';
import { besideInnocent } from './beside-innocent.ts';
import { NotSupported } from './peer.ts';
import type { Ground, Task } from './task.ts';
import { echo, never } from './tools.ts';

const FOR_MS = 4_500;
const MAX_MIB = 1_536;
const QUICK_COUNT = 2;
const QUICK_MS = 1_000;

interface HostileProgram {
  readonly source: string;
  /** Whether its tool answers. Default: true. */
  readonly reply?: boolean;
}

/** The programs of the project's own gauntlet. */
const PROGRAMS: Readonly<Record<string, HostileProgram>> = JSON.parse(
  readFileSync(new URL('../../test/data/bombs.json', import.meta.url), 'utf8'),
);

/** How many hostile programs a host and an innocent session survive. */
export const hostileTasks: readonly Task[] = [
  {
    id: 'hostile',
    title: `hostile cells survived, of ${Object.keys(PROGRAMS).length}, each beside an innocent session of a host of its own`,
    unit: 'count',
    maxSeconds: 150,
    rounds: 1,
    run: survive,
  },
];

async function survive({ peer, quick, reopen }: Ground) {
  if (peer.greetedMs === undefined) throw new NotSupported('It is no process of its own');
  const programs = Object.entries(PROGRAMS).slice(0, quick ? QUICK_COUNT : undefined);
  const lost: string[] = [];
  // Its memory, and that of its processes, would count as that of the hosts below.
  await peer.close();
  for (const [name, { source, reply = true }] of programs) {
    const host = await reopen();
    try {
      await besideInnocent(host, {
        source: source.replaceAll('tools.echo', 'CALL'),
        tool: reply ? echo : never,
        forMs: quick ? QUICK_MS : FOR_MS,
        limitMs: FOR_MS,
        maxMiB: MAX_MIB,
      });
    } catch (error) {
      lost.push(`${name} (${error instanceof Error ? error.message.slice(0, 60) : error})`);
    } finally {
      await host.close();
    }
  }
  const survived = programs.length - lost.length;
  return {
    samples: [survived],
    remark: `${survived} of ${programs.length}${lost.length > 0 ? `; lost: ${lost.join(', ')}` : ''}`,
  };
}
