import assert from 'node:assert/strict';
import {
  type ClientMessage,
  readClientMessage,
  readHostMessage,
} from '../../host/wire/protocol.ts';
import { settled } from './gates.ts';
import { type ClientKind, clientKindOf, type HostKind, hostKindOf } from './message-kinds.ts';
import type { Json, V1Peer } from './v1-peer.ts';
import type { WireMove } from './wire-moves.ts';

/** The messages of many plays. */
export interface Heard {
  readonly said: Set<ClientKind>;
  readonly heard: Set<HostKind>;
}

/** Plays moves as a client after its handshake, and checks the host's messages. */
export class WirePlay {
  readonly #peer: V1Peer;
  readonly #own: boolean;
  readonly #heard: Heard;
  readonly #asked = new Set<number>();
  readonly #answered = new Set<unknown>();
  readonly #started = new Set<unknown>();
  readonly #delegated: Json[] = [];
  #lastId = 0;
  /** How many messages were checked; the first is the handshake. */
  #seen = 1;

  /** @param own Whether the client has named `cellhost.cells`. */
  constructor(peer: V1Peer, own: boolean, heard: Heard) {
    this.#peer = peer;
    this.#own = own;
    this.#heard = heard;
  }

  async play(moves: readonly WireMove[]): Promise<void> {
    for (const move of moves) await this.#play(move);
    for (let turn = 0; turn < 4; turn += 1) await settled();
    this.#look();
  }

  async #play(move: WireMove): Promise<void> {
    this.#look();
    switch (move.type) {
      case 'ask':
        this.#lastId += 1;
        this.#asked.add(this.#lastId);
        return this.#say({ type: 'operation/request', id: this.#lastId, request: move.operation });
      case 'cancel':
      case 'yield':
        return this.#say({ type: `operation/${move.type}`, id: this.#lastId - move.back });
      case 'respond':
        return this.#respond(move.which, move.result);
      case 'wait':
        for (let turn = 0; turn < 3; turn += 1) await settled();
        return;
      case 'break':
        return this.#peer.sendText(move.frame);
    }
  }

  #say(message: object): void {
    const sent: unknown = JSON.parse(JSON.stringify(message));
    this.#heard.said.add(clientKindOf(readClientMessage(sent) as ClientMessage));
    this.#peer.send(message);
  }

  #respond(which: number, result: object | null): void {
    const [request] = this.#delegated.splice(which % Math.max(1, this.#delegated.length), 1);
    const { type } = (request?.request ?? {}) as { type?: string };
    const value =
      type === 'tool/invoke'
        ? { type: 'tool/result', result: null }
        : { type: 'notification/delivered' };
    const fits = { status: 'ok', value };
    // Without a delegated request it sends an unexpected answer.
    this.#say({ type: 'delegate/response', id: request?.id ?? 77, result: result ?? fits });
  }

  /** Everything that a host sends is a valid message, and answers each request once. */
  #look(): void {
    for (const json of this.#peer.received.slice(this.#seen)) {
      this.#seen += 1;
      const message = readHostMessage(json);
      this.#heard.heard.add(hostKindOf(message));
      // Events only arrive on request.
      const isPlain = !this.#own && message.type !== 'cell/events';
      if (isPlain) assert.doesNotMatch(JSON.stringify(json), /"(Event|code|reason)":/);
      if (message.type === 'delegate/request') this.#delegated.push(json);
      if (message.type === 'operation/response') {
        assert.ok(!this.#answered.has(message.id), `answered ${message.id} twice`);
        this.#answered.add(message.id);
        const { result } = message;
        if (result.status === 'ok' && result.value.type === 'execution/started') {
          this.#started.add(message.id);
        }
      }
      if (message.type === 'execute/initialResponse') {
        assert.ok(this.#started.delete(message.id), `told ${message.id} first, or twice`);
      }
    }
  }
}
