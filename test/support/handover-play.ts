import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ActiveSession } from '../../host/session-layer/active-session.ts';
import type { ProxyTarget } from '../../host/session-layer/proxy.ts';
import { SessionFeed } from '../../host/session-layer/session-feed.ts';
import { SessionTools } from '../../host/session-layer/session-tools.ts';
import type { SessionUpdate } from '../../host/session-layer/session-updates.ts';
import { UpdateReader } from '../../host/session-layer/update-reader.ts';
import { settled } from './gates.ts';
import { toolCall } from './mcp-servers.ts';
import { ScriptedSession } from './scripted-session.ts';

/** One step, and how many microtasks pass before the next; null for a whole turn. */
export interface HandoverMove {
  readonly type:
    | 'call'
    | 'note'
    | 'closed'
    | 'read'
    | 'give-up'
    | 'cancel'
    | 'hand-over'
    | 'answer';
  readonly pause: number | null;
}

export const HANDOVER_MOVES = fc.array(
  fc.record<HandoverMove>({
    type: fc.constantFrom(
      'call',
      'call',
      'note',
      'closed',
      'read',
      'read',
      'give-up',
      'cancel',
      'hand-over',
      'answer',
    ),
    pause: fc.constantFrom(0, 0, 1, 2, 3, null),
  }),
  { maxLength: 60 },
);

interface Outstanding {
  readonly name: string;
  readonly controller: AbortController;
  readonly answer: Promise<unknown>;
  /** What it was settled with, if it was. */
  outcome: string | null;
}

function nameOf(update: SessionUpdate): string {
  switch (update.type) {
    case 'call':
      return update.call.tool;
    case 'notification':
      return update.text;
    case 'closed':
      return update.cellId;
    default:
      throw new Error(`Nobody told ${update.type}`);
  }
}

/** A session whose programs, reader and proxy do what the moves say. Things are named by their order. */
export class HandoverPlay {
  readonly #reader = new UpdateReader();
  readonly #feed = new SessionFeed(new SessionTools(), this.#reader.sink);
  readonly #session: ActiveSession;
  readonly #inside: () => boolean;
  readonly #issued: string[] = [];
  /** What was issued inside the proxy, and after what. */
  readonly #issuedInside: string[] = [];
  readonly #before = new Map<string, readonly string[]>();
  /** What arrived at the reader, read or not. */
  readonly #arrived: string[] = [];
  readonly #seen: string[] = [];
  readonly #asked: Outstanding[] = [];
  readonly #reads: AbortController[] = [];
  readonly #unanswered: (() => void)[] = [];
  #isHandedOver = false;

  /** @param inside Whether the proxy causes something when it gets an update. */
  constructor(inside: () => boolean) {
    this.#inside = inside;
    this.#reader.subscribe((update) => this.#arrived.push(nameOf(update)));
    const created = {
      session: new ScriptedSession(),
      sessionId: 's',
      remoteUrl: undefined,
      ended: undefined,
    };
    this.#session = new ActiveSession({
      created,
      feed: this.#feed,
      reader: this.#reader,
      tools: new SessionTools(),
      release: async () => {},
    });
  }

  async play({ type, pause }: HandoverMove): Promise<void> {
    this.#do(type);
    if (pause === null) await settled();
    else for (let n = 0; n < pause; n += 1) await undefined;
  }

  /** Hands over, answers everything, and reports what is wrong then. */
  async finish(): Promise<void> {
    if (!this.#isHandedOver) this.#handOver();
    await settled();
    for (const answer of this.#unanswered.splice(0)) answer();
    await settled();
    const own = this.#seen.filter((name) => !name.startsWith('inside'));
    const given = new Set(own);
    const missing = this.#issued.filter((name) => !given.has(name) && !this.#wasCancelled(name));
    assert.deepEqual(missing, [], 'lost');
    assert.equal(given.size, own.length, `doubled: ${own.join()}`);
    assert.deepEqual(
      own,
      this.#issued.filter((name) => given.has(name)),
      'out of order',
    );
    const inside = this.#seen.filter((name) => name.startsWith('inside'));
    assert.deepEqual(inside, this.#issuedInside, 'from within');
    for (const [name, before] of this.#before) {
      const ahead = new Set(this.#seen.slice(0, this.#seen.indexOf(name)));
      const late = before.filter((one) => given.has(one) && !ahead.has(one));
      assert.deepEqual(late, [], `overtaken by ${name}`);
    }
    for (const { name, outcome } of this.#asked) assert.notEqual(outcome, null, `${name} waits`);
    for (const { name, outcome } of this.#asked) {
      if (given.has(name) && !this.#wasCancelled(name)) assert.equal(outcome, `did ${name}`);
    }
  }

  #do(type: HandoverMove['type']): void {
    switch (type) {
      case 'call':
        return this.#ask(type, (name, signal) => this.#feed.invokeTool(toolCall(name), signal));
      case 'note':
        return this.#ask(type, async (text, signal) => {
          await this.#feed.notify({ cellId: '1', callId: null, text }, signal);
          return `did ${text}`;
        });
      case 'closed':
        return this.#feed.cellClosed(this.#issue(type));
      case 'read':
        return this.#read();
      case 'give-up':
        return this.#reads.shift()?.abort(new Error('given up'));
      case 'cancel':
        return this.#asked
          .findLast(({ outcome }) => outcome === null)
          ?.controller.abort(new Error('cancelled'));
      case 'hand-over':
        if (!this.#isHandedOver) this.#handOver();
        return;
      case 'answer':
        return this.#unanswered.shift()?.();
    }
  }

  #issue(type: string): string {
    const name = `${type} ${this.#issued.length}`;
    this.#issued.push(name);
    return name;
  }

  #ask(type: string, ask: (name: string, signal: AbortSignal) => Promise<unknown>): void {
    const name = this.#issue(type);
    const controller = new AbortController();
    const answer = ask(name, controller.signal);
    const one: Outstanding = { name, controller, answer, outcome: null };
    this.#asked.push(one);
    answer.then(
      (value) => {
        one.outcome = String(value);
      },
      (error: Error) => {
        one.outcome = error.message;
      },
    );
  }

  #read(): void {
    const controller = new AbortController();
    this.#reads.push(controller);
    this.#session.readUpdate({ signal: controller.signal }).then(
      (update) => this.#wasRead(update),
      () => {},
    );
  }

  #wasRead(update: SessionUpdate): void {
    const name = nameOf(update);
    this.#seen.push(name);
    if (update.type === 'call') this.#unanswered.push(() => update.respond(`did ${name}`));
  }

  #handOver(): void {
    this.#isHandedOver = true;
    this.#session.proxyRemainingMessages(this.#target());
  }

  #target(): ProxyTarget {
    return {
      invokeTool: ({ tool }) => {
        this.#forwarded(tool);
        return new Promise((resolve) => this.#unanswered.push(() => resolve(`did ${tool}`)));
      },
      notify: async ({ text }) => this.#forwarded(text),
      cellClosed: (cellId) => this.#forwarded(cellId),
    };
  }

  /** Pending reads settle a microtask later, so earlier reads are seen first. */
  #forwarded(name: string): void {
    queueMicrotask(() => this.#seen.push(name));
    if (name.startsWith('inside') || !this.#inside()) return;
    const inside = `inside ${this.#issuedInside.length}`;
    this.#issuedInside.push(inside);
    this.#before.set(inside, [...this.#arrived]);
    this.#feed.tell({ type: 'closed', cellId: inside });
  }

  #wasCancelled(name: string): boolean {
    return this.#asked.some((one) => one.name === name && one.controller.signal.aborted);
  }
}
