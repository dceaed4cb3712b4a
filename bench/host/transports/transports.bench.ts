import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Bench } from 'tinybench';
import { WebSocket, WebSocketServer } from 'ws';
import { dial } from '../../../host/transports/dial.ts';
import { listen } from '../../../host/transports/listen.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { streamTransport } from '../../../host/transports/stream-transport.ts';
import { parseListenEndpoint } from '../../../host/wire/endpoint.ts';
import type { Transport } from '../../../host/wire/transport.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
} from '../../support/measurement.ts';

const AT_ONCE = 100;
const TEXT = JSON.stringify({ type: 'operation/request', id: 1, request: { method: 'x' } });
/** The message as a bare stream carries it, with as many bytes as a frame. */
const BYTES = Buffer.concat([Buffer.alloc(4), Buffer.from(TEXT)]);

/** An echoing peer. */
interface Echo extends AsyncDisposable {
  readonly name: string;
  /** Sends this many messages in one turn; resolves when all are back. */
  roundTrip(count: number): Promise<void>;
}

/** How much does a message and its answer cost, and how much of that is the transport's? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using disposer = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-bench-'));
  disposer.defer(() => rmSync(folder, { recursive: true }));
  const makers = [
    async () => memoryEcho(),
    async () => pipeEcho(),
    async () => barePipe(),
    () => listenerEcho('Unix socket', `unix:${join(folder, 'echo.sock')}`),
    () => bareSocket('baseline: bare Unix socket', { path: join(folder, 'bare.sock') }),
    () => listenerEcho('TCP', 'tcp:127.0.0.1:0'),
    () => bareSocket('baseline: bare TCP', { host: '127.0.0.1', port: 0 }),
    () => listenerEcho('WebSocket', 'ws://127.0.0.1:0'),
    () => bareWebSocket(),
  ];
  const echoes: Echo[] = [];
  for (const make of makers) echoes.push(disposer.use(await make()));
  return [
    ...(await measureEchoes('one message and back', pace, echoes, 1)),
    ...(await measureEchoes(`${AT_ONCE} messages at once and back, each`, pace, echoes, AT_ONCE)),
  ];
}

async function measureEchoes(
  name: string,
  pace: Pace,
  echoes: readonly Echo[],
  count: number,
): Promise<readonly Measurement[]> {
  const budget = { samples: 300, timeMs: 400, warmups: 300 };
  const bench = new Bench(benchOptions(name, pace, budget));
  for (const echo of echoes) {
    bench.add(echo.name, async () => timed(() => echo.roundTrip(count), count));
  }
  return await measured(bench, 'µs');
}

/** Counts the returning messages. */
class Tally {
  #left = 0;
  #resolve = () => {};

  expect(count: number): Promise<void> {
    check('What is under way', this.#left, 0);
    this.#left = count;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  add(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new Error('More came back than was sent');
    if (this.#left === 0) this.#resolve();
  }
}

function echoOver(name: string, transport: Transport, dispose: () => Promise<void>): Echo {
  const tally = new Tally();
  transport.start({
    message(body) {
      check('The length', body.length, TEXT.length);
      tally.add(1);
    },
    closed: () => {},
  });
  return {
    name,
    roundTrip(count) {
      const back = tally.expect(count);
      for (let n = 0; n < count; n += 1) transport.send(TEXT);
      return back;
    },
    async [Symbol.asyncDispose]() {
      await transport.close();
      await dispose();
    },
  };
}

function answer(transport: Transport): void {
  transport.start({ message: (body) => transport.send(body), closed: () => {} });
}

function memoryEcho(): Echo {
  const [near, far] = memoryTransports();
  answer(far);
  return echoOver('memory', near, async () => {});
}

function pipeEcho(): Echo {
  const cat = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  const transport = streamTransport('cat', cat.stdout, cat.stdin);
  return echoOver('pipes of a process (cat)', transport, async () => {});
}

async function listenerEcho(name: string, where: string): Promise<Echo> {
  const listener = await listen(parseListenEndpoint(where), { onConnection: answer });
  const transport = await dial(listener.url, { signal: new AbortController().signal });
  return echoOver(name, transport, () => listener.close());
}

/** A round trip of bytes without messages: the share of the system and Node.js. */
function bareEcho(name: string, input: Readable, output: Writable, dispose: () => void): Echo {
  const tally = new Tally();
  input.on('data', (chunk: Buffer) => tally.add(chunk.length));
  return {
    name,
    roundTrip(count) {
      const back = tally.expect(count * BYTES.length);
      output.cork();
      for (let n = 0; n < count; n += 1) output.write(BYTES);
      output.uncork();
      return back;
    },
    async [Symbol.asyncDispose]() {
      output.destroy();
      dispose();
    },
  };
}

function barePipe(): Echo {
  const cat = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  return bareEcho('baseline: bare pipes', cat.stdout, cat.stdin, () => cat.stdout.destroy());
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

async function bareSocket(name: string, place: Place): Promise<Echo> {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket));
  server.listen(place);
  await once(server, 'listening');
  const address = server.address();
  const target = typeof address === 'string' ? { path: address } : { port: address?.port ?? 0 };
  const socket = connect({ ...target, noDelay: true });
  await once(socket, 'connect');
  return bareEcho(name, socket, socket, () => server.close());
}

async function bareWebSocket(): Promise<Echo> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await once(socket, 'open');
  const tally = new Tally();
  socket.on('message', () => tally.add(1));
  return {
    name: 'baseline: bare WebSocket',
    roundTrip(count) {
      const back = tally.expect(count);
      for (let n = 0; n < count; n += 1) socket.send(BYTES);
      return back;
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
      server.close();
    },
  };
}
