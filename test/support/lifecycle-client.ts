import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { MessageReader } from '../../host/wire/framing.ts';
import { framed } from '../host/transports/bare-peers.ts';
import { settled } from './gates.ts';
import type { Life, LifeMove } from './lifecycle-moves.ts';
import type { ServedHost } from './served-host.ts';
import { executeRequest, helloOf, type Json } from './v1-peer.ts';

const FREEZE_TURNS = 5;

/** A client of version 1 that follows a script, and checks the host's messages. */
export class LifecycleClient {
  readonly #host: ServedHost;
  readonly #life: Life;
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  readonly #closed: Promise<void>;
  readonly #asked = new Map<number, PromiseWithResolvers<void>>();
  /** The session of each request that starts cells or shuts down. */
  readonly #sessionOf = new Map<number, string>();
  readonly #answered = new Set<unknown>();
  readonly #cells = new Map<string, string[]>();
  readonly #cellsClosed = new Map<string, number>();
  readonly #shutDown = new Set<string>();
  readonly #opened: string[] = [];
  #answersCalls = true;
  #bytesLeft: number;
  #isGone = false;
  #lastId = 0;
  #fault: unknown;

  private constructor(host: ServedHost, life: Life, socket: Socket) {
    this.#host = host;
    this.#life = life;
    this.#socket = socket;
    this.#bytesLeft = life.leavesAfterBytes;
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#over();
        resolve();
      });
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => socket.end());
  }

  /** Lives a whole life. Rejects if the host sent an invalid message. */
  static async live(host: ServedHost, life: Life): Promise<void> {
    const client = new LifecycleClient(host, life, await host.socket());
    client.#say(helloOf(life.version));
    for (const move of life.moves) await client.#play(move);
    await client.#leave();
    if (client.#fault !== undefined) throw client.#fault;
    client.#checkCells();
  }

  async #play(move: LifeMove): Promise<void> {
    switch (move.type) {
      case 'open':
        this.#opened.push(`s${this.#opened.length}`);
        return void this.#request('session/open', this.#opened.at(-1)!);
      case 'shutdown':
        return void this.#request('session/shutdown', this.#session(move.session));
      case 'execute': {
        const request = executeRequest(move.source, { yield_time_ms: move.yieldMs });
        return void this.#request('session/execute', this.#session(move.session), { request });
      }
      case 'wait': {
        const request = { cell_id: this.#cell(move), yield_time_ms: 1 };
        return void this.#request('session/wait', this.#session(move.session), { request });
      }
      case 'terminate': {
        const cellId = this.#cell(move);
        return void this.#request('session/terminate', this.#session(move.session), { cellId });
      }
      case 'settle':
        this.#socket.resume();
        await this.#asked.get(this.#lastId)?.promise;
        return;
      case 'turns':
        for (let turn = 0; turn < move.count; turn += 1) await settled();
        return;
      case 'stop reading':
        return void this.#socket.pause();
      case 'read on':
        return void this.#socket.resume();
      case 'answer no calls':
        this.#answersCalls = false;
        return;
      case 'stop the host':
        return await this.#host.freeze(FREEZE_TURNS);
    }
  }

  async #leave(): Promise<void> {
    const { departure } = this.#life;
    if (departure === 'in good order') {
      for (const session of this.#opened) this.#request('session/shutdown', session);
      this.#socket.resume();
      await this.#asked.get(this.#lastId)?.promise;
    }
    if (departure === 'gone without reading') this.#socket.pause();
    if (departure.startsWith('gone')) this.#socket.destroy();
    else this.#socket.resume().end();
    await this.#closed;
  }

  #session(number: number): string {
    return this.#opened[number % Math.max(1, this.#opened.length)] ?? 's0';
  }

  #cell({ session, cell }: { readonly session: number; readonly cell: number }): string {
    return this.#cells.get(this.#session(session))?.[cell] ?? String(cell + 1);
  }

  #request(method: string, sessionId: string, fields: object = {}): void {
    this.#lastId += 1;
    const id = this.#lastId;
    const asked = Promise.withResolvers<void>();
    if (this.#isGone) asked.resolve();
    this.#asked.set(id, asked);
    this.#sessionOf.set(id, sessionId);
    this.#say({ type: 'operation/request', id, request: { method, sessionId, ...fields } });
  }

  /** Writes up to its last byte, and leaves within a message if that was reached. */
  #say(message: object): void {
    if (!this.#socket.writable || this.#bytesLeft <= 0) return;
    const bytes = framed(message).subarray(0, this.#bytesLeft);
    this.#bytesLeft -= bytes.length;
    this.#socket.write(bytes);
    if (this.#bytesLeft > 0) return;
    if (this.#life.departure === 'half closed') this.#socket.end();
    else this.#socket.destroy();
  }

  #over(): void {
    this.#isGone = true;
    for (const { resolve } of this.#asked.values()) resolve();
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      for (let body = this.#reader.next(); body !== null; body = this.#reader.next()) {
        this.#hear(JSON.parse(body.toString('utf8')) as Json);
      }
    } catch (error) {
      this.#fault ??= error;
      this.#socket.destroy();
    }
  }

  #hear(message: Json): void {
    switch (message.type) {
      case 'operation/response':
        return this.#hearAnswer(message);
      case 'delegate/request':
        return this.#hearCall(message);
      case 'cell/closed': {
        const key = `${message.sessionId}/${message.cellId}`;
        this.#cellsClosed.set(key, (this.#cellsClosed.get(key) ?? 0) + 1);
      }
    }
  }

  #hearAnswer({ id, result }: Json): void {
    const asked = this.#asked.get(id as number);
    assert.ok(asked !== undefined, `Nothing was asked under ${id}`);
    assert.ok(!this.#answered.has(id), `${id} was answered twice`);
    this.#answered.add(id);
    const sessionId = this.#sessionOf.get(id as number)!;
    const { value } = result as { value?: { type: string; cellId?: string } };
    if (value?.type === 'execution/started') {
      this.#cells.set(sessionId, [...(this.#cells.get(sessionId) ?? []), value.cellId!]);
    }
    if (value?.type === 'session/closed') {
      this.#shutDown.add(sessionId);
      this.#checkCells();
    }
    asked.resolve();
  }

  #hearCall({ id, request }: Json): void {
    if (!this.#answersCalls) return;
    const { type } = request as { type: string };
    const result = { type: 'tool/result', result: 1 };
    const value = type === 'tool/invoke' ? result : { type: 'notification/delivered' };
    this.#say({ type: 'delegate/response', id, result: { status: 'ok', value } });
  }

  /** Each cell is closed at most once, and exactly once if its session was shut down. */
  #checkCells(): void {
    for (const [key, count] of this.#cellsClosed) {
      assert.equal(count, 1, `cell/closed came ${count} times for ${key}`);
    }
    for (const sessionId of this.#shutDown) {
      for (const cellId of this.#cells.get(sessionId) ?? []) {
        const key = `${sessionId}/${cellId}`;
        assert.ok(this.#cellsClosed.has(key), `cell/closed did not come for ${key}`);
      }
    }
  }
}
