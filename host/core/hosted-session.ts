import { shownToModel } from '../../src/describe/shown-to-model.ts';
import type { CellEvent } from '../../src/events.ts';
import type { EventsOptions } from '../../src/live-events.ts';
import {
  awaitPassed,
  type CallPasser,
  type PassingDelegate,
} from '../../src/runtime/passed-call.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type {
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  Session,
  WaitOptions,
} from '../../src/session.ts';
import { CellAnswers, type Paid } from './cell-answers.ts';
import type { CellOutcome } from './cell-outcome.ts';
import type { ClosedRule } from './cell-standing.ts';
import { type EventOutlet, EventPump } from './event-pump.ts';

/** Resolves when an answer was sent; undefined if it was sent synchronously. */
export type Sent = Promise<void> | undefined;

/** The most tokens of output that an answer may show; null for the default. */
type Tokens = number | null;

/**
 * Answers a wait or a terminate over one wire. One of the methods is called, once, when it is the
 * turn of the answer. An outcome is made when there is room to send it.
 */
export interface CellAnswering {
  outcome(make: () => CellOutcome): Sent;
  fail(error: unknown): Sent;
}

/** Answers an execute: `started`, then `outcome` or `fail`. */
export interface ExecuteAnswering extends CellAnswering {
  started(cellId: string): Sent;
}

/** Answers a subscription: any number of events, then `ended` or `fail`. */
export interface EventsAnswering extends EventOutlet {
  ended(): Sent;
  fail(error: unknown): Sent;
}

/** What a hosted session is made of. */
export interface HostedSessionParts {
  readonly id: string;
  readonly closedRule: ClosedRule;
  /** Whether output is cut here to what a model may be shown. */
  readonly truncates: boolean;
  /** Tells the client that a cell is closed. */
  readonly onCellClosed: (cellId: string) => void;
}

/**
 * One session of a client, whatever wire the client uses: makes its requests, and sends answers in
 * the order that clients rely on.
 */
export class HostedSession {
  readonly id: string;
  readonly #truncates: boolean;
  readonly #answers: CellAnswers;
  readonly #pump = new EventPump();
  readonly #open = new Set<Promise<void>>();
  #session: Session | null = null;
  #lists: Promise<void> = Promise.resolve();

  constructor(parts: HostedSessionParts) {
    this.id = parts.id;
    this.#truncates = parts.truncates;
    this.#answers = new CellAnswers(parts.closedRule, parts.onCellClosed);
  }

  /** Call this once, before any request. */
  attach(session: Session): void {
    this.#session = session;
  }

  /**
   * The delegate of the session: asks the client for nothing before the client knows the cell.
   *
   * @param client Asks the client over its wire.
   */
  delegateOver(client: CallPasser): PassingDelegate {
    const answers = this.#answers;
    const passCall: CallPasser['passCall'] = (call, passed) => {
      const announced = answers.untilAnnounced(call.cellId);
      if (announced === undefined) client.passCall(call, passed);
      else void announced.then(() => client.passCall(call, passed));
    };
    const passNotification: CallPasser['passNotification'] = (notification, passed) => {
      const announced = answers.untilAnnounced(notification.cellId);
      if (announced === undefined) client.passNotification(notification, passed);
      else void announced.then(() => client.passNotification(notification, passed));
    };
    return {
      passCall,
      passNotification,
      // For sessions elsewhere.
      invokeTool: (call, signal) => awaitPassed((passed) => passCall(call, passed), signal),
      notify: async (notification, signal) =>
        void (await awaitPassed((passed) => passNotification(notification, passed), signal)),
      cellClosed: (cellId) => {
        client.cellClosed?.(cellId);
        answers.ended(cellId);
      },
    };
  }

  /** For the runtime: the cell can no longer be requested. */
  cellRetired(cellId: string): void {
    this.#answers.retired(cellId);
  }

  /** Resolves when the first event was sent. @throws Why the cell was not started. */
  execute(
    request: ExecuteRequest,
    tokens: Tokens,
    options: WaitOptions,
    answering: ExecuteAnswering,
  ): Promise<void> {
    return this.#track(this.#execute(request, tokens, options, answering));
  }

  async wait(
    cellId: string,
    mode: ObserveMode,
    tokens: Tokens,
    options: WaitOptions,
    answering: CellAnswering,
  ): Promise<void> {
    const askedMs = performance.now();
    const paid = this.#answers.owe(cellId);
    await this.#track(
      this.#live.observe(cellId, mode, options).then(
        (event) => this.#inOrder(event, askedMs, tokens, answering),
        (error: unknown) => answering.fail(error),
      ),
    );
    paid();
  }

  async terminate(cellId: string, tokens: Tokens, answering: CellAnswering): Promise<void> {
    const askedMs = performance.now();
    const paid = this.#answers.oweTerminate(cellId);
    await this.#track(
      this.#live.terminate(cellId).then(
        (event) => answering.outcome(() => this.#outcome(event, askedMs, tokens)),
        (error: unknown) => answering.fail(error),
      ),
    );
    paid();
  }

  resume(cellId: string, generation: number): ReturnType<Session['resume']> {
    return this.#live.resume(cellId, generation);
  }

  /** Resolves when all events were sent, or the subscription was cancelled. */
  async events(cellId: string, options: EventsOptions, answering: EventsAnswering): Promise<void> {
    await this.#track(
      this.#pump.run(this.#live.events(cellId, options), answering).then(
        () => answering.ended(),
        (error: unknown) => answering.fail(error),
      ),
    );
  }

  cells(send: (cells: readonly CellSummary[]) => Sent): Promise<void> {
    return this.#inTurn(async () => {
      await send(await this.#live.cells());
    });
  }

  /** @param send Gets each value as JSON text: what programs have stored would take long to parse. */
  values(send: (values: ReadonlyMap<string, string>) => Sent): Promise<void> {
    return this.#inTurn(async () => {
      await send(await this.#valuesJson());
    });
  }

  /** Closes the session. Resolves when every answer about its cells was sent. */
  async close(): Promise<void> {
    this.#pump.hurry();
    try {
      await this.#live.close();
    } finally {
      await Promise.allSettled(this.#open);
      this.#answers.close();
    }
  }

  async #valuesJson(): Promise<ReadonlyMap<string, string>> {
    const session = this.#live;
    if (session instanceof SessionRuntime) return session.valuesJson;
    const values = [...(await session.values())];
    return new Map(values.map(([key, value]) => [key, JSON.stringify(value)]));
  }

  get #live(): Session {
    if (this.#session === null) throw new Error('Cannot use a session that has not been attached');
    return this.#session;
  }

  async #execute(
    request: ExecuteRequest,
    tokens: Tokens,
    options: WaitOptions,
    answering: ExecuteAnswering,
  ): Promise<void> {
    const askedMs = performance.now();
    const { first, paid } = await this.#start(request, options, answering);
    let event: CellEvent | null = null;
    let sent: Sent;
    try {
      event = await first;
    } catch (error) {
      sent = answering.fail(error);
    }
    if (event !== null) sent = this.#inOrder(event, askedMs, tokens, answering);
    if (sent !== undefined) await sent;
    paid();
  }

  /** Starts a cell, and tells the client so before anything else about it. */
  async #start(
    request: ExecuteRequest,
    options: WaitOptions,
    answering: ExecuteAnswering,
  ): Promise<{ readonly first: Promise<CellEvent>; readonly paid: Paid }> {
    this.#answers.starting();
    try {
      const { cellId, first } = await this.#live.execute(request, options);
      const sent = answering.started(cellId);
      if (sent !== undefined) await sent;
      return { first, paid: this.#answers.announced(cellId) };
    } finally {
      this.#answers.startOver();
    }
  }

  /** A terminate is answered before the waits that it ends. */
  #inOrder(event: CellEvent, askedMs: number, tokens: Tokens, answering: CellAnswering): Sent {
    const send = () => answering.outcome(() => this.#outcome(event, askedMs, tokens));
    const before =
      event.type === 'terminated' ? this.#answers.terminateAnswered(event.cellId) : undefined;
    return before === undefined ? send() : before.then(send);
  }

  #outcome(event: CellEvent, askedMs: number, tokens: Tokens): CellOutcome {
    return {
      event: this.#truncates ? shownToModel(event, tokens) : event,
      tookMs: performance.now() - askedMs,
      bufferedMs: this.#answers.bufferedMs(event.cellId, askedMs),
    };
  }

  /** A list is a copy, so the next one is made when this one was sent. */
  #inTurn(list: () => Promise<void>): Promise<void> {
    const listed = this.#lists.then(list);
    this.#lists = listed.catch(() => {});
    return listed;
  }

  async #track(answer: Promise<void>): Promise<void> {
    this.#open.add(answer);
    try {
      await answer;
    } finally {
      this.#open.delete(answer);
    }
  }
}
