import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { streamTransport } from '../../../host/transports/stream-transport.ts';
import type { TransportOptions } from '../../../host/transports/wire-transport.ts';
import type { TransportKind } from '../../contract/transport-peers.ts';
import { BareWebSocket, bareStream } from './bare-peers.ts';
import { Door, never, temporaryFolder } from './connections.ts';

const memory: TransportKind = {
  name: 'MemoryTransport',
  connect: async (options) => memoryTransports(options),
  bare: undefined,
  sudden: null,
  close: async () => {},
};

const cats = new Set<ChildProcess>();

/** A pipe of the operating system with both its ends in this process. */
function pipe() {
  const cat = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  cats.add(cat);
  return { input: cat.stdout, output: cat.stdin, break: () => cat.kill('SIGKILL') };
}

const pipes: TransportKind = {
  name: 'StreamTransport over pipes',
  async connect(options) {
    const [there, back] = [pipe(), pipe()];
    return [
      streamTransport('right', back.input, there.output, options),
      streamTransport('left', there.input, back.output, options),
    ];
  },
  async bare(options) {
    const [there, back] = [pipe(), pipe()];
    const transport = streamTransport('bare', there.input, back.output, options);
    const die = () => {
      there.break();
      back.break();
    };
    return [transport, bareStream(there.output, die)];
  },
  sudden: null,
  // What a failed test left open must not keep the tests from ending.
  close: async () => {
    for (const cat of cats) cat.kill('SIGKILL');
  },
};

/** Each connection comes through a door of its own, which is closed behind it. */
function listening(name: string, where: () => string): Pick<TransportKind, 'name' | 'connect'> {
  return {
    name,
    async connect(options) {
      await using door = await Door.open(where(), options);
      return await door.enter({ ...options, signal: never });
    },
  };
}

async function bareSocket(where: string, options: TransportOptions | undefined) {
  await using door = await Door.open(where, options);
  const socket = socketTo(door.url);
  const [transport] = await Promise.all([door.next(), once(socket, 'connect')]);
  return [transport, bareStream(socket, () => socket.destroy())] as const;
}

function socketTo(url: string): Socket {
  if (url.startsWith('unix:')) return connectSocket(url.slice('unix:'.length));
  return connectSocket(Number(url.split(':').at(-1)), '127.0.0.1');
}

const folder = temporaryFolder();
let sockets = 0;
const freshSocket = () => {
  sockets += 1;
  return `unix:${join(folder.path, `${sockets}.sock`)}`;
};

const unix: TransportKind = {
  ...listening('StreamTransport over a Unix socket', freshSocket),
  bare: (options) => bareSocket(freshSocket(), options),
  sudden: null,
  close: async () => folder[Symbol.dispose](),
};

const tcp: TransportKind = {
  ...listening('StreamTransport over TCP', () => 'tcp:127.0.0.1:0'),
  bare: (options) => bareSocket('tcp:127.0.0.1:0', options),
  sudden: null,
  close: async () => {},
};

const webSocket: TransportKind = {
  ...listening('WebSocketTransport', () => 'ws://127.0.0.1:0'),
  async bare(options) {
    await using door = await Door.open('ws://127.0.0.1:0', options);
    return await Promise.all([door.next(), BareWebSocket.open(door.url)]);
  },
  sudden: /it broke off/,
  close: async () => {},
};

/** Every kind of transport there is. */
export const TRANSPORT_KINDS: readonly TransportKind[] = [memory, pipes, unix, tcp, webSocket];
