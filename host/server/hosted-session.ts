import type { CellEvent, OutputItem } from '../../src/events.ts';
import type { ObserveMode, Session, WaitOptions } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { Operation, OperationValue, RuntimeResponse, WireTool } from '../wire/protocol.ts';
import { type AnswerTimes, toOutcome, toResponse } from '../wire/wire-events.ts';
import { CellAnswers, type Paid } from './cell-answers.ts';
import { type EventOutlet, EventPump } from './event-pump.ts';
import { DEFAULT_OUTPUT_TOKENS, truncateOutput } from './output-truncation.ts';

/** A budget for output; the default where there is none. */
type Tokens = number | null | undefined;

type Request<M extends Operation['method']> = Extract<Operation, { method: M }>;
type ExecuteFields = Request<'session/execute'>['request'];

/** Resolves when an answer has gone out; undefined where it has gone out in place. */
type Answered = Promise<void> | undefined;

/**
 * How a request is answered. Each is called once, in the turn in which its order is settled; where
 * the client does not read, values are made later, when there is room for them.
 */
export interface Answering extends EventOutlet {
  answer(value: () => OperationValue): Answered;
  /** The first event of a cell, or why there is none. */
  initial(value: () => RuntimeResponse): Answered;
  fail(error: unknown): Answered;
  failInitial(error: unknown): Answered;
}

/** What a hosted session is made of. */
export interface HostedSessionParts {
  readonly id: string;
  /** Whether the client understands `cellhost.cells`. */
  readonly own: boolean;
  /** Whether output is cut here to what a model may be shown. */
  readonly truncates: boolean;
  /** Tells the client that a cell is closed. */
  readonly onCellClosed: (cellId: string) => void;
}

const DEFAULT_WAIT_MS = 10_000;

/** One session of a client: turns its requests into calls, and events into answers in their order. */
export class HostedSession {
  readonly id: string;
  readonly #own: boolean;
  readonly #truncates: boolean;
  readonly #answers: CellAnswers;
  readonly #pump = new EventPump();
  readonly #open = new Set<Promise<void>>();
  #session: Session | null = null;
  #lists: Promise<void> = Promise.resolve();

  constructor(parts: HostedSessionParts) {
    this.id = parts.id;
    this.#own = parts.own;
    this.#truncates = parts.truncates;
    this.#answers = new CellAnswers(parts.own, parts.onCellClosed);
  }

  /** To be called once, before anything else. */
  attach(session: Session): void {
    this.#session = session;
  }

  /** For the delegate: see `CellAnswers`. */
  untilAnnounced(cellId: string): Promise<void> | undefined {
    return this.#answers.untilAnnounced(cellId);
  }

  /** For the delegate: no callback of this cell runs any more. */
  cellEnded(cellId: string): void {
    this.#answers.ended(cellId);
  }

  /** For the runtime: nobody can ask for this cell any more. */
  cellRetired(cellId: string): void {
    this.#answers.retired(cellId);
  }

  /** Resolves when the first event has been told. */
  async execute(
    { request }: Request<'session/execute'>,
    options: WaitOptions,
    answering: Answering,
  ): Promise<void> {
    await this.#track(this.#execute(request, options, answering));
  }

  async wait(
    { request, maxOutputTokens }: Request<'session/wait'>,
    options: WaitOptions,
    answering: Answering,
  ): Promise<void> {
    const askedMs = performance.now();
    const mode = modeOf(request.observe, request.yield_time_ms);
    const { cell_id: cellId } = request;
    const paid = this.#answers.owe(cellId);
    await this.#track(
      this.#live.observe(cellId, mode, options).then(
        (event) =>
          this.#inOrder(event, () =>
            answering.answer(() => this.#outcome(event, askedMs, maxOutputTokens)),
          ),
        (error: unknown) => answering.fail(error),
      ),
    );
    paid();
  }

  async terminate(
    { cellId, maxOutputTokens }: Request<'session/terminate'>,
    answering: Answering,
  ): Promise<void> {
    const askedMs = performance.now();
    const paid = this.#answers.oweTerminate(cellId);
    await this.#track(
      this.#live.terminate(cellId).then(
        (event) => answering.answer(() => this.#outcome(event, askedMs, maxOutputTokens)),
        (error: unknown) => answering.fail(error),
      ),
    );
    paid();
  }

  async resume(
    { cellId, generation }: Request<'session/resume'>,
    answering: Answering,
  ): Promise<void> {
    const outcome = await this.#live.resume(cellId, generation);
    await answering.answer(() => ({ type: 'cell/resumed', outcome }));
  }

  /** Resolves when all was told, or whoever asked does not want more. */
  async events(
    { cellId, after = 0 }: Request<'session/events'>,
    { signal }: WaitOptions,
    answering: Answering,
  ): Promise<void> {
    const events = this.#live.events(cellId, {
      after,
      ...(signal === undefined ? {} : { signal }),
    });
    await this.#track(
      this.#pump.run(events, answering).then(
        () => answering.answer(() => ({ type: 'events/ended', cellId })),
        (error: unknown) => answering.fail(error),
      ),
    );
  }

  cells(answering: Answering): Promise<void> {
    return this.#inTurn(async () => {
      const cells = [...(await this.#live.cells())].map((cell) => ({
        ...cell,
        pendingCalls: [...cell.pendingCalls],
      }));
      await answering.answer(() => ({ type: 'session/cells', cells }));
    });
  }

  values(answering: Answering): Promise<void> {
    return this.#inTurn(async () => {
      const values = [...(await this.#live.values())];
      await answering.answer(() => ({ type: 'session/values', values }));
    });
  }

  /** Ends the session. Resolves when every answer about its cells has gone out. */
  async close(): Promise<void> {
    this.#pump.hurry();
    try {
      await this.#live.close();
    } finally {
      await Promise.allSettled(this.#open);
      this.#answers.close();
    }
  }

  get #live(): Session {
    if (this.#session === null) throw new Error('Cannot use a session that has not been attached');
    return this.#session;
  }

  async #execute(
    request: ExecuteFields,
    options: WaitOptions,
    answering: Answering,
  ): Promise<void> {
    const askedMs = performance.now();
    const { first, paid } = await this.#start(request, options, answering);
    await first.then(
      (event) =>
        this.#inOrder(event, () =>
          answering.initial(() =>
            toResponse(
              this.#bounded(event, request.max_output_tokens),
              this.#times(event, askedMs),
              this.#own,
            ),
          ),
        ),
      (error: unknown) => answering.failInitial(error),
    );
    paid();
  }

  /** Starts a cell, and tells the client so before anything else about it. */
  async #start(
    request: ExecuteFields,
    options: WaitOptions,
    answering: Answering,
  ): Promise<{ readonly first: Promise<CellEvent>; readonly paid: Paid }> {
    this.#answers.starting();
    try {
      const { cellId, first } = await this.#live.execute(
        {
          source: request.source,
          tools: request.enabled_tools.map(toTool),
          observe: modeOf(request.observe, request.yield_time_ms),
          keepEvents: request.keepEvents ?? false,
          ...(request.tool_call_id === null ? {} : { callId: request.tool_call_id }),
        },
        options,
      );
      await answering.answer(() => ({ type: 'execution/started', cellId }));
      return { first, paid: this.#answers.announced(cellId) };
    } finally {
      this.#answers.startOver();
    }
  }

  /** Who terminated a cell is told first. */
  #inOrder(event: CellEvent, tell: () => Answered): Answered {
    const before =
      event.type === 'terminated' ? this.#answers.terminateAnswered(event.cellId) : undefined;
    return before === undefined ? tell() : before.then(tell);
  }

  #outcome(event: CellEvent, askedMs: number, tokens: Tokens): OperationValue {
    const shown = this.#bounded(event, tokens);
    const outcome = toOutcome(shown, this.#times(event, askedMs), this.#own);
    return { type: 'wait/completed', outcome };
  }

  /** The event as a model may be shown it: the error behind the output, and all of it cut to size. */
  #bounded(event: CellEvent, tokens: Tokens): CellEvent {
    // `Event` has a missing cell show nothing; version 1 knows it by its text alone.
    if (!this.#truncates || (this.#own && event.type === 'missing')) return event;
    const error = event.type === 'missing' ? event.message : textOfFailure(event);
    const told = error === null ? [] : [textItem(`Script error:\n${error}`)];
    const items = truncateOutput([...event.items, ...told], tokens ?? DEFAULT_OUTPUT_TOKENS);
    return { ...event, items } as CellEvent;
  }

  #times({ cellId }: CellEvent, askedMs: number): AnswerTimes {
    const bufferedMs = this.#answers.bufferedMs(cellId, askedMs);
    return { tookMs: performance.now() - askedMs, bufferedMs };
  }

  /** A list is a copy: the next one is made when this one has gone out. */
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

function textOfFailure(event: CellEvent): string | null {
  return event.type === 'completed' ? (event.failure?.text ?? null) : null;
}

function textItem(text: string): OutputItem {
  return { type: 'input_text', text };
}

function modeOf(observe: ObserveMode | undefined, yieldTimeMs: number | null): ObserveMode {
  return observe ?? { yieldAfterMs: yieldTimeMs ?? DEFAULT_WAIT_MS };
}

function toTool(tool: WireTool): ToolDefinition {
  const { name, tool_name: toolName, description, kind } = tool;
  return { name, toolName, description, kind };
}
