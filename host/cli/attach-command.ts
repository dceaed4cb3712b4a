import { once } from 'node:events';
import { connect } from 'node:net';
import { ignoreErrors } from '../io/ignore-errors.ts';
import type { CliIo } from './cli-io.ts';
import { printLabelled } from './print.ts';
import { StopSignals } from './stop-signals.ts';

/** The variable with the key that the socket wants. */
const KEY_VARIABLE = 'CELLHOST_KEY';

/**
 * What the program runs for `mcp --attach SOCKET`, without anything of the other commands.
 *
 * @param argv What follows the name of the program.
 */
export async function main([, , path = '']: readonly string[], io: CliIo): Promise<number> {
  return await attachCommand(path, io);
}

/**
 * Passes bytes on between standard streams and a socket, both ways, until one of them ends.
 *
 * @param path Of the socket.
 * @returns The exit code: 0, or 2 if nobody serves there, or not with this key.
 */
export async function attachCommand(path: string, io: CliIo): Promise<number> {
  const key = process.env[KEY_VARIABLE];
  if (key === undefined) return refused(io, `${KEY_VARIABLE} is not set`);
  using stop = new StopSignals(io);
  const socket = connect({ path });
  ignoreErrors(socket);
  try {
    await once(socket, 'connect');
  } catch (error) {
    return refused(io, error instanceof Error ? error.message : String(error));
  }
  socket.write(`${key}\n`);
  io.stdin.pipe(socket);
  socket.pipe(io.stdout, { end: false });
  const closed = once(socket, 'close');
  // Nobody reads any more.
  io.stdout.once('error', () => socket.destroy());
  await Promise.race([closed, stop.asked]);
  socket.destroy();
  if (socket.bytesRead === 0 && !stop.isAsked && !io.stdin.readableEnded) {
    return refused(io, 'the session is over');
  }
  return 0;
}

function refused(io: CliIo, reason: string): number {
  printLabelled(io.stderr, 'cellhost:', `Cannot attach: ${reason}`);
  return 2;
}
