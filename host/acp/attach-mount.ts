import { hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ignoreErrors } from '../io/ignore-errors.ts';
import { McpFace } from '../mcp-server/mcp-face.ts';
import { announceServers, announceTools, serveSession } from '../mcp-server/serve-stdio.ts';
import type { AcpSession } from './acp-session.ts';
import { stdioEntry } from './folded-servers.ts';
import type { Mount, Offer } from './mount.ts';

/** The variable in which an attached process gets its key. */
const KEY_VARIABLE = 'CELLHOST_KEY';
/** Bytes of a key: more than anybody can guess. */
const KEY_BYTES = 32;
const KEY_LENGTH = 2 * KEY_BYTES;
/** How long a connection may take to say its key, in milliseconds. */
const HELLO_MS = 5000;

/** How the program is started that an agent starts as its server. */
export interface AttachCommand {
  readonly command: string;
  /** What comes before the path of the socket. */
  readonly args: readonly string[];
}

interface Attached {
  readonly session: AcpSession;
  readonly sockets: Set<Socket>;
}

/**
 * Processes that agents start as MCP servers, and that pass every byte on to us. They reach us by a
 * socket in a folder that only this user can enter, and show a key that only their agent was given.
 */
export class AttachMount implements Mount {
  /** Contains the socket and nothing else. Removed at the end. */
  readonly folder: string;
  readonly #server: Server;
  readonly #face: McpFace;
  readonly #command: AttachCommand;
  /** By digests of keys, so that comparing them tells nothing about a key. */
  readonly #offered = new Map<string, Attached>();
  readonly #sockets = new Set<Socket>();

  private constructor(folder: string, command: AttachCommand, ownVersion: string) {
    this.folder = folder;
    this.#command = command;
    this.#face = new McpFace(ownVersion);
    this.#server = createServer((socket) => void this.#accept(socket));
    ignoreErrors(this.#server);
  }

  /** @throws What the system says if it cannot listen. */
  static async open(command: AttachCommand, ownVersion: string): Promise<AttachMount> {
    const folder = await mkdtemp(join(tmpdir(), 'cellhost-'));
    const mount = new AttachMount(folder, command, ownVersion);
    try {
      mount.#server.listen(mount.#path);
      await once(mount.#server, 'listening');
      return mount;
    } catch (error) {
      await mount.close();
      throw error;
    }
  }

  offer(session: AcpSession, name: string): Offer {
    const key = randomBytes(KEY_BYTES).toString('hex');
    const attached: Attached = { session, sockets: new Set() };
    this.#offered.set(digest(key), attached);
    const { command, args } = this.#command;
    return {
      entry: stdioEntry(session.version, {
        name,
        command,
        args: [...args, this.#path],
        env: { [KEY_VARIABLE]: key },
      }),
      withdraw: () => {
        this.#offered.delete(digest(key));
        for (const socket of attached.sockets) socket.end();
      },
    };
  }

  async close(): Promise<void> {
    this.#offered.clear();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #path(): string {
    return join(this.folder, 's');
  }

  async #accept(socket: Socket): Promise<void> {
    ignoreErrors(socket);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const attached = this.#offered.get(digest(await readKey(socket)));
    if (attached === undefined || socket.destroyed) socket.destroy();
    else this.#serve(socket, attached);
  }

  #serve(socket: Socket, { session, sockets }: Attached): void {
    sockets.add(socket);
    let forget = () => {};
    const served = serveSession(
      { stdin: socket, stdout: socket },
      {
        face: this.#face,
        session: session.face,
        onServer: (server) => {
          forget();
          forget = session.connected({
            toolsChanged: () => announceTools(server),
            serversChanged: () => announceServers(server),
          });
        },
      },
    );
    socket.resume();
    void served.ended.then(() => socket.end());
    socket.once('close', () => {
      sockets.delete(socket);
      forget();
      void served.close();
    });
  }
}

/** The first line of a connection; empty if none came in time. What follows it stays in the socket. */
async function readKey(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(''), HELLO_MS);
  const pieces: Buffer[] = [];
  const read = (piece: Buffer) => {
    pieces.push(piece);
    const all = Buffer.concat(pieces);
    if (all.length <= KEY_LENGTH) return;
    socket.pause();
    socket.off('data', read);
    if (all[KEY_LENGTH] !== 0x0a) return resolve('');
    const rest = all.subarray(KEY_LENGTH + 1);
    if (rest.length > 0) socket.unshift(rest);
    resolve(all.toString('latin1', 0, KEY_LENGTH));
  };
  socket.on('data', read);
  socket.once('close', () => resolve(''));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off('data', read);
  }
}

function digest(key: string): string {
  return hash('sha256', key, 'base64url');
}
