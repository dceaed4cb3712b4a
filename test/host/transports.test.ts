import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { memoryTransports } from '../../host/transports/memory-transport.ts';
import { streamTransport } from '../../host/transports/stream-transport.ts';
import type { TransportOptions } from '../../host/transports/wire-transport.ts';
import { transportContract } from '../contract/transport-contract.ts';
import type { TransportKind } from '../contract/transport-peers.ts';
import { BareWebSocket, bareStream } from './transports/bare-peers.ts';
import { Door, never, temporaryFolder } from './transports/connections.ts';

transportContract({
  name: 'MemoryTransport',
  connect: async (options) => memoryTransports(options),
  bare: undefined,
  sudden: null,
  close: async () => {},
});

/** A pipe of the operating system with both its ends in this process. */
function pipe() {
  const cat = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  return { input: cat.stdout, output: cat.stdin, break: () => cat.kill('SIGKILL') };
}

transportContract({
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
  close: async () => {},
});

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

transportContract({
  ...listening('StreamTransport over a Unix socket', freshSocket),
  bare: (options) => bareSocket(freshSocket(), options),
  sudden: null,
  close: async () => folder[Symbol.dispose](),
});

transportContract({
  ...listening('StreamTransport over TCP', () => 'tcp:127.0.0.1:0'),
  bare: (options) => bareSocket('tcp:127.0.0.1:0', options),
  sudden: null,
  close: async () => {},
});

transportContract({
  ...listening('WebSocketTransport', () => 'ws://127.0.0.1:0'),
  async bare(options) {
    await using door = await Door.open('ws://127.0.0.1:0', options);
    return await Promise.all([door.next(), BareWebSocket.open(door.url)]);
  },
  sudden: /it broke off/,
  close: async () => {},
});
