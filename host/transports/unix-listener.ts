import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, linkSync, lstatSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { ignoreErrors } from '../io/ignore-errors.ts';
import { type Listener, makeListener, openServer, type SocketOptions } from './listener.ts';

const OWNER_ONLY = 0o600;
/** The system's maximum, without the terminating zero byte. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;
const LIVING = 'another host listens there';

/**
 * A socket in the file system, only for its owner.
 *
 * Replaces the socket of a dead host. Does not touch that of a living host, or any other file.
 *
 * @param url The address of the listener, and the name of every peer.
 */
export async function listenOnUnix(
  path: string,
  url: string,
  options: SocketOptions,
): Promise<Listener> {
  const target = resolve(path);
  const server = createServer({ allowHalfOpen: true }, (socket) => options.onSocket(socket, url));
  await clear(target);
  const place = await bind(server, target, options.onError);
  return makeListener(url, () => {
    server.close();
    // Keep a file that was put there meanwhile.
    if (samePlace(statOf(target), place)) unlinkSync(target);
  });
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(`${parent}/.`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`there is no folder ${parent}`, { cause: error });
  }
}

/**
 * The socket cannot be reached before its mode is set, because it is created in a private folder. It
 * replaces nothing, because a link is not created over an existing file.
 */
async function bind(server: Server, target: string, onError: SocketOptions['onError']) {
  const folder = await makeFolder(dirname(target));
  try {
    const inside = join(folder, 's');
    assertFits(inside, target);
    await openServer(server, { path: inside }, onError);
    chmodSync(inside, OWNER_ONLY);
    linkSync(inside, target);
    return lstatSync(inside);
  } catch (error) {
    server.close();
    throw hasCode(error, 'EEXIST') ? new Error(LIVING, { cause: error }) : error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes room for a socket. */
async function clear(target: string): Promise<void> {
  const found = statOf(target);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('what is there is not a socket');
  if (await isLiving(target)) throw new Error(LIVING);
  // Another host may do the same at this moment, so remove only the file that was checked.
  const aside = `${target}.${randomUUID()}`;
  renameSync(target, aside);
  const isSame = samePlace(statOf(aside), found);
  if (!isSame) linkSync(aside, target);
  unlinkSync(aside);
  if (!isSame) throw new Error(LIVING);
}

/** Whether a host may be listening there. */
async function isLiving(path: string): Promise<boolean> {
  const socket = connect({ path });
  ignoreErrors(socket);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    return !hasCode(error, 'ECONNREFUSED') && !hasCode(error, 'ENOENT');
  } finally {
    socket.destroy();
  }
}

function statOf(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}

type Stat = ReturnType<typeof statOf>;

function samePlace(one: Stat, other: Stat): boolean {
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

function assertFits(...paths: readonly string[]): void {
  const longest = Math.max(...paths.map((path) => Buffer.byteLength(path)));
  if (longest <= MAX_PATH_BYTES) return;
  throw new Error(`its path has ${longest} bytes, the system takes ${MAX_PATH_BYTES}`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
