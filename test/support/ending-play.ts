import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HostClient } from '../../host/client/host-client.ts';
import type { RemoteSession } from '../../host/remote/remote-session.ts';
import { Host } from '../../host/server/host.ts';
import { memoryTransports } from '../../host/transports/memory-transport.ts';
import type { Transport } from '../../host/wire/transport.ts';
import type { Delegate } from '../../src/delegate.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import { type FakeProgram, type FakeRun, FakeSandbox } from './fake-sandbox.ts';
import { settled } from './gates.ts';
import { v1Only } from './v1-only.ts';
import { connect, executeRequest, type Json, type V1Peer } from './v1-peer.ts';

/** What happens next to the cells of a session. */
export type EndingMove =
  | { readonly type: 'execute'; readonly source: string; readonly yieldMs: number }
  | { readonly type: 'wait'; readonly cell: number; readonly yieldMs: number }
  | { readonly type: 'cancel' | 'yield'; readonly back: number }
  | { readonly type: 'terminate'; readonly cell: number }
  | { readonly type: 'end' | 'lose'; readonly run: number }
  | { readonly type: 'respond' | 'settle' | 'open' | 'foreign' | 'cut' };

/** Where the session runs. */
export const PLACES = [
  'in the host',
  'elsewhere',
  'on another host',
  'on a host of version 1',
] as const;
export type Place = (typeof PLACES)[number];

/** How the session ends. */
export type Ending = 'shutdown' | 'host closes' | 'client goes';

const cell = fc.integer({ min: 1, max: 6 });
const yieldMs = fc.constantFrom(0, 60_000);
const source = fc.constantFrom('hang', 'done', 'tool', 'left tool', 'left note', 'stored');

/** A weighted mix in which cells end in every way there is. */
export const ENDING_MOVE: fc.Arbitrary<EndingMove> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('execute' as const), source, yieldMs }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('wait' as const), cell, yieldMs }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom('cancel', 'yield'), back: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('terminate' as const), cell }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('end', 'lose'), run: fc.nat(8) }) },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constantFrom('respond', 'settle', 'open', 'foreign') }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cut' as const) }) },
);

const PROGRAMS: Readonly<Record<string, FakeProgram>> = {
  '': (run) => run.end(),
  hang: (run) => run.start(),
  done: (run) => {
    run.start();
    run.end();
  },
  tool: (run) => {
    run.start();
    void run.callTool(0).then(() => run.end());
  },
  'left tool': (run) => {
    run.start();
    void run.callTool(0);
    run.end();
  },
  'left note': (run) => {
    run.start();
    void run.notify('n');
    run.end();
  },
  stored: (run) => {
    run.start();
    run.store('k', '1');
    run.end();
  },
};
/** One completion is kept, so that others are forgotten unseen. */
const LIMITS = { maxCompletedCells: 1 };

/** A session of one client whose cells end in the order of the moves; keeps what the client was told. */
export class EndingPlay {
  readonly #host: Host;
  readonly #peer: V1Peer;
  readonly #ended: Promise<Error | null>;
  readonly #sandbox = new FakeSandbox(PROGRAMS);
  /** A session that is opened elsewhere is there when a move says so. */
  readonly #opening = Promise.withResolvers<void>();
  readonly #foreign: string[] = [];
  #runtime: SessionRuntime | null = null;
  #link: Transport | null = null;
  #responded = 0;

  constructor(place: Place) {
    const sandbox = this.#sandbox;
    const open = async ({ delegate }: { readonly delegate: Delegate }) => {
      await this.#opening.promise;
      if (place !== 'elsewhere') return this.#openOver(delegate, place);
      this.#runtime = new SessionRuntime({ delegate, sandbox, limits: LIMITS });
      return this.#runtime;
    };
    this.#host = new Host(place === 'in the host' ? { sandbox } : { open });
    const { peer, ended } = connect(this.#host);
    this.#peer = peer;
    this.#ended = ended;
  }

  /** All that the client was told, in order. */
  get received(): readonly Json[] {
    return this.#peer.received;
  }

  /** Cells that the client has not started. */
  get foreign(): readonly string[] {
    return this.#foreign;
  }

  async start(capabilities: readonly string[]): Promise<void> {
    await this.#peer.hello(...capabilities);
    this.#peer.request('session/open', { options: { limits: LIMITS } });
    await settled();
  }

  async play(moves: readonly EndingMove[]): Promise<void> {
    for (const move of moves) await this.#play(move);
  }

  /** @param tick Lets the time of cancelled callbacks pass. */
  async end(ending: Ending, later: readonly EndingMove[], tick: () => void): Promise<void> {
    const over = this.#begin(ending);
    await this.play(later);
    this.#opening.resolve();
    for (let turn = 0; turn < 4; turn += 1) {
      for (let n = 0; n < 4; n += 1) await settled();
      tick();
    }
    await over;
    await this.#peer.close();
    await this.#ended;
    assert.deepEqual(this.#host.counts, { connections: 0, sessions: 0 });
  }

  async #openOver(delegate: Delegate, place: Place): Promise<RemoteSession> {
    const [here, there] = memoryTransports();
    void new Host({ sandbox: this.#sandbox }).serve(there);
    this.#link = here;
    const plain = place === 'on a host of version 1';
    const client = await HostClient.connect(plain ? v1Only(here) : here);
    // A host that chooses the id may run cells of its own.
    if (plain) return client.openSession({ delegate });
    return client.createSession({ delegate, limits: LIMITS });
  }

  async #begin(ending: Ending): Promise<void> {
    switch (ending) {
      case 'shutdown':
        await this.#peer.answer(this.#peer.request('session/shutdown'));
        return;
      case 'host closes':
        return this.#host.close();
      case 'client goes':
        return this.#peer.close();
    }
  }

  async #play(move: EndingMove): Promise<void> {
    const peer = this.#peer;
    switch (move.type) {
      case 'execute': {
        const request = executeRequest(move.source, { yield_time_ms: move.yieldMs });
        peer.request('session/execute', { request });
        return;
      }
      case 'wait':
        peer.wait(String(move.cell), move.yieldMs);
        return;
      case 'cancel':
      case 'yield':
        return peer.send({ type: `operation/${move.type}`, id: this.#lastId - move.back });
      case 'terminate':
        peer.request('session/terminate', { cellId: String(move.cell) });
        return;
      case 'end':
        return this.#run(move.run)?.end();
      case 'lose':
        return this.#run(move.run)?.fail({ kind: 'lost', text: 'gone' });
      case 'respond':
        return this.#respond();
      case 'settle':
        return settled();
      case 'open':
        return this.#opening.resolve();
      case 'foreign':
        return this.#startForeign();
      case 'cut':
        return this.#link?.destroy(new Error('cut'));
    }
  }

  get #lastId(): number {
    const ids = this.received.flatMap(({ type, id }) =>
      type === 'operation/response' ? [Number(id)] : [],
    );
    return Math.max(1, ...ids) + 1;
  }

  #run(index: number): FakeRun | undefined {
    return this.#sandbox.runs[index % Math.max(1, this.#sandbox.runs.length)];
  }

  #respond(): void {
    const asked = this.received.filter(({ type }) => type === 'delegate/request');
    const next = asked[this.#responded];
    if (next === undefined) return;
    this.#responded += 1;
    const isTool = (next.request as Json).type === 'tool/invoke';
    const value = isTool ? { type: 'tool/result', result: 1 } : { type: 'notification/delivered' };
    this.#peer.respond(next.id, value);
  }

  /** Whoever runs the session has a cell of its own there. */
  async #startForeign(): Promise<void> {
    const started = this.#runtime?.execute({ source: 'done', observe: { yieldAfterMs: 60_000 } });
    const cell = await started?.catch(() => null);
    if (cell) this.#foreign.push(cell.cellId);
  }
}
