import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Bench } from 'tinybench';
import { HostClient, type RemoteSession, streamTransport } from '../host/index.ts';
import { Crowd, cooperative, type Manner, stubborn } from './support/crowd.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
} from './support/measurement.ts';
import { type ServedPlace, servedPlace } from './support/served-place.ts';

const BIN = fileURLToPath(new URL('../bin/codex-code-mode-host.js', import.meta.url));
const SIZES = [1, 100];
const TOOLS = [{ name: 'hang', description: 'Waits until it is cancelled.' }];
const DEADLINE_MS = 100;

/** How long does an end take that no caller requests: a signal to the host, a lost client, a lost host? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using place = await servedPlace('unix socket');
  return [
    ...(await measureLostClient(place, pace)),
    ...(await measureKilledHost(pace)),
    ...(await measureSignal(pace)),
  ];
}

/** A session with one cell whose callbacks are all running. */
async function busySession(client: HostClient, manner: Manner, size: number) {
  const crowd = new Crowd(manner, size);
  const session = await client.openSession({ delegate: crowd, tools: TOOLS });
  const source = `for (let n = 0; n < ${size}; n += 1) void tools.hang(); await new Promise((go) => setTimeout(go, 1e9));`;
  const { first } = await session.execute({ source, observe: { yieldAfterMs: 0 } });
  const event = await first;
  if (event.type !== 'yielded') throw new Error(JSON.stringify(event));
  await crowd.complete();
  return { session, crowd };
}

function measureLostClient(place: ServedPlace, pace: Pace): Promise<readonly Measurement[]> {
  const title = 'a client that is gone, until the host has ended its session';
  const bench = new Bench(benchOptions(title, pace, { samples: 10, warmups: 1 }));
  for (const size of SIZES) {
    bench.add(nameOf(stubborn, size), async () => {
      const { client, drop } = await place.connect();
      const { crowd } = await busySession(client, stubborn, size);
      check('Sessions before', place.host.counts.sessions, 1);
      const time = await timed(async () => {
        drop();
        while (place.host.counts.sessions > 0) await setImmediate();
      });
      crowd.disperse();
      return time;
    });
  }
  return measured(bench);
}

/** How long it takes until callers and callbacks of a client learn that their host was killed. */
function measureKilledHost(pace: Pace): Promise<readonly Measurement[]> {
  const title = 'a host that was killed, until its client has cancelled everything';
  const bench = new Bench(benchOptions(title, pace, { samples: 4, warmups: 0 }));
  for (const size of SIZES) {
    bench.add(nameOf(cooperative, size), async () => {
      await using host = await startHost();
      const { session } = await busySession(host.client, cooperative, size);
      const waits = endOf(session);
      await session.cells();
      return await timed(async () => {
        host.child.kill('SIGKILL');
        check('What the caller is told', await waits, 'connection_lost');
      });
    });
  }
  return measured(bench);
}

async function measureSignal(pace: Pace): Promise<readonly Measurement[]> {
  const found: Measurement[] = [];
  for (const until of ['its caller is answered', 'its process is over'] as const) {
    const title = `SIGTERM to a host, until ${until}`;
    const bench = new Bench(benchOptions(title, pace, { samples: 4, warmups: 0 }));
    for (const manner of [cooperative, stubborn]) {
      for (const size of SIZES) {
        bench.add(nameOf(manner, size), () => signalled(manner, size, until));
      }
    }
    const rows = await measured(bench);
    found.push(
      ...rows.map((row) => ({ ...row, fixed: row.name.startsWith('stubborn') ? DEADLINE_MS : 0 })),
    );
  }
  return found;
}

async function signalled(
  manner: Manner,
  size: number,
  until: 'its caller is answered' | 'its process is over',
) {
  await using host = await startHost();
  const { session, crowd } = await busySession(host.client, manner, size);
  const waits = endOf(session);
  // Answered after the wait, so the host has received it.
  await session.cells();
  const exit = once(host.child, 'exit');
  const time = await timed(async () => {
    host.child.kill('SIGTERM');
    if (until === 'its process is over') await exit;
    else check('What the caller is told', await waits, 'terminated');
  });
  const [code] = await exit;
  check('The exit code', code, 0);
  crowd.disperse();
  return time;
}

/** How a wait for the session's one cell ends: the kind of event, or the code of the error. */
async function endOf(session: RemoteSession): Promise<string> {
  try {
    return (await session.observe('1', { yieldAfterMs: 600_000 })).type;
  } catch (error) {
    return String((error as { readonly code?: unknown }).code);
  }
}

interface StartedHost extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly client: HostClient;
}

/** A host as people start it, so that it can be sent signals. */
async function startHost(): Promise<StartedHost> {
  const flags = ['--disable-warning=ExperimentalWarning', BIN, '--log-level', 'silent'];
  const child = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  const client = await HostClient.connect(streamTransport('host', child.stdout, child.stdin));
  return {
    child,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

function nameOf(manner: Manner, size: number): string {
  return `${size} ${size === 1 ? 'callback' : 'callbacks'}, ${manner.name}`;
}
