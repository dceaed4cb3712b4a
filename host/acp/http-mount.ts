import { randomBytes } from 'node:crypto';
import { type ServedHttp, serveHttpSessions, showsToken } from '../mcp-server/serve-http.ts';
import type { AcpSession } from './acp-session.ts';
import { httpEntry } from './folded-servers.ts';
import type { Mount, Offer } from './mount.ts';

const HOST = '127.0.0.1';
const TOKEN_BYTES = 32;
const KEY_BYTES = 16;

interface Offered {
  readonly session: AcpSession;
  readonly token: string;
  forget: () => void;
}

/** Sessions on a loopback port, each at an address of its own and behind a token of its own. */
export class HttpMount implements Mount {
  readonly #offered = new Map<string, Offered>();
  #served: ServedHttp | undefined;

  private constructor() {}

  /** @throws What the system says if it cannot listen. */
  static async open(ownVersion: string): Promise<HttpMount> {
    const mount = new HttpMount();
    const place = { host: HOST, port: 0, isLoopback: true };
    mount.#served = await serveHttpSessions(place, ownVersion, {
      refusal: (key, headers) => {
        const offered = key === undefined ? undefined : mount.#offered.get(key);
        // Whether a session exists is told to nobody without its token.
        return offered !== undefined && showsToken(headers, offered.token) ? undefined : 401;
      },
      use: (key) => mount.#use(key),
    });
    return mount;
  }

  offer(session: AcpSession, name: string): Offer {
    const key = randomBytes(KEY_BYTES).toString('hex');
    const token = randomBytes(TOKEN_BYTES).toString('hex');
    this.#offered.set(key, { session, token, forget: () => {} });
    const url = `http://${HOST}:${this.#served?.port}/mcp/${key}`;
    return {
      entry: httpEntry(name, url, { Authorization: `Bearer ${token}` }),
      withdraw: () => {
        this.#offered.get(key)?.forget();
        this.#offered.delete(key);
      },
    };
  }

  async close(): Promise<void> {
    this.#offered.clear();
    await this.#served?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #use(key: string) {
    const offered = this.#offered.get(key);
    if (offered === undefined) throw new Error('The session is over');
    offered.forget();
    offered.forget = offered.session.connected(this.#served!);
    return offered.session.face;
  }
}
