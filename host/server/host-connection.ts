import { Cancelled, CodeModeError } from '../../src/errors.ts';
import { type Connection, FrameTooLargeError } from '../connection.ts';
import { type Operation, readClientMessage } from '../protocol.ts';
import { AnswerQueue } from './answer-queue.ts';
import { DelegateCalls } from './delegate-calls.ts';
import type { HostLimits } from './host-limits.ts';
import type { Answering, HostedSession } from './hosted-session.ts';
import type { SessionFactory } from './session-factory.ts';
import { SessionTable } from './session-table.ts';
import { UsedIds } from './used-ids.ts';

/** What a connection needs of its host. */
export interface HostConnectionParts {
  /** Counted by its host, from 1. */
  readonly number: number;
  /** Greeted; nobody else has it. */
  readonly connection: Connection;
  /** What the client and this host have in common. */
  readonly capabilities: ReadonlySet<string>;
  readonly limits: HostLimits;
  readonly sessions: SessionFactory;
  /** Called once, when the connection and its sessions are over. Null after a clean end. */
  readonly onEnded: (error: Error | null) => void;
}

interface Request {
  readonly cancel: AbortController;
  readonly preempt: AbortController;
  readonly cancellable: boolean;
}

const LARGE_CAPACITY = 4_096;
const SMALL_CAPACITY = 1_024;
const CANCELLABLE = new Set<Operation['method']>(['session/wait', 'session/events']);

/**
 * One client of a host: checks what it sends, admits its requests and sees to it that each is
 * answered once.
 */
export class HostConnection {
  readonly #parts: HostConnectionParts;
  readonly #connection: Connection;
  readonly #requests = new Map<number, Request>();
  readonly #finished = new UsedIds<number>();
  readonly #own: boolean;
  readonly #answers: AnswerQueue;
  readonly #delegate: DelegateCalls;
  readonly #sessions: SessionTable;
  #closing = false;

  constructor(parts: HostConnectionParts) {
    this.#parts = parts;
    const { number, connection, capabilities, sessions } = parts;
    this.#connection = connection;
    const large = capabilities.has('delegate-capacity-4096');
    this.#own = capabilities.has('cellhost.cells');
    const capacity = large ? LARGE_CAPACITY : SMALL_CAPACITY;
    this.#answers = new AnswerQueue(connection, parts.limits.maxUnreadBytes);
    this.#delegate = new DelegateCalls(
      connection,
      this.#own ? Number.POSITIVE_INFINITY : capacity,
      this.#own,
    );
    this.#sessions = new SessionTable({
      factory: sessions,
      holder: `connection ${number} (${connection.peer})`,
      calls: this.#delegate,
      own: this.#own,
      onCellClosed: (sessionId, cellId) =>
        connection.send({ type: 'cell/closed', sessionId, cellId }),
    });
    connection.take({
      message: (value, text) => this.#receive(value, text),
      closed: (error) => void this.#closed(error),
    });
    connection.resume();
  }

  get peer(): string {
    return this.#connection.peer;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Ends every session, answers everybody, and closes the connection. */
  async close(): Promise<void> {
    this.#closing = true;
    // A client that does not read its answers is not waited for any longer than by the connection.
    this.#answers.endWithin(this.#connection.closeWithinMs);
    await this.#sessions.closeAll();
    await this.#connection.close();
  }

  #receive(value: unknown, text: string): void {
    if (isHello(value)) throw new Error('received a second code-mode client hello');
    const message = readClientMessage(value);
    switch (message.type) {
      case 'operation/request':
        return this.#admit(message.id, message.request);
      case 'operation/cancel': {
        const request = this.#requests.get(message.id);
        if (request?.cancellable) request.cancel.abort(cancelled());
        return;
      }
      case 'operation/yield':
        return this.#requests.get(message.id)?.preempt.abort();
      case 'delegate/response':
        return this.#delegate.answer({ id: message.id, result: message.result, text });
    }
  }

  #admit(id: number, operation: Operation): void {
    if (this.#requests.has(id) || this.#finished.has(id)) {
      throw new Error(`duplicate code-mode request ID ${id}`);
    }
    const request: Request = {
      cancel: new AbortController(),
      preempt: new AbortController(),
      cancellable: CANCELLABLE.has(operation.method),
    };
    if ('request' in operation && operation.request.preempted) request.preempt.abort();
    const full = this.#requests.size >= this.#parts.limits.maxRequests;
    this.#requests.set(id, request);
    const answering = this.#answering(id);
    const done = full
      ? Promise.reject(this.#tooManyRequests())
      : this.#perform(operation, request, answering);
    done
      .catch((error: unknown) => answering.fail(error))
      .finally(() => {
        this.#requests.delete(id);
        this.#finished.add(id);
      });
    const drained = this.#connection.drained();
    if (drained !== undefined) this.#waitFor(drained);
  }

  /** A client that does not read its answers has to wait before it can ask for more. */
  #waitFor(drained: Promise<void>): void {
    this.#connection.pause();
    void drained.then(() => this.#connection.resume());
  }

  #tooManyRequests(): CodeModeError {
    const { maxRequests } = this.#parts.limits;
    return new CodeModeError(
      'limit_exceeded',
      `code-mode host has too many in-flight requests: this connection has ${maxRequests} (maxRequests)`,
    );
  }

  async #perform(operation: Operation, request: Request, answering: Answering): Promise<void> {
    if (this.#closing) throw shuttingDown();
    const sessions = this.#sessions;
    const options = { signal: request.cancel.signal, preempt: request.preempt.signal };
    switch (operation.method) {
      case 'session/open':
        // Known at once: what comes right behind it is for a session that is there.
        await Promise.all([sessions.open(operation), this.#parts.sessions.ready]);
        return answering.answer(() => ({ type: 'session/ready', sessionId: operation.sessionId }));
      case 'session/create': {
        const [created] = await Promise.all([
          sessions.create(operation),
          this.#parts.sessions.ready,
        ]);
        return answering.answer(() => ({ type: 'session/created', ...created }));
      }
      case 'session/shutdown':
        await sessions.close(operation.sessionId);
        return answering.answer(() => ({ type: 'session/closed', sessionId: operation.sessionId }));
      case 'session/execute':
        return this.#find(operation).execute(operation, options, answering);
      case 'session/wait':
        return this.#find(operation).wait(operation, options, answering);
      case 'session/terminate':
        return this.#find(operation).terminate(operation, answering);
      case 'session/resume':
        return this.#find(operation).resume(operation, answering);
      case 'session/events':
        return this.#find(operation).events(operation, options, answering);
      case 'session/cells':
        return this.#find(operation).cells(answering);
      case 'session/values':
        return this.#find(operation).values(answering);
    }
  }

  #find({ sessionId }: { readonly sessionId: string }): HostedSession {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) return session;
    throw new CodeModeError('session_unknown', `unknown code-mode session ${sessionId}`);
  }

  #answering(id: number): Answering {
    const queue = this.#answers;
    const respond = (result: () => object) =>
      queue.send(() => this.#send(id, 'operation/response', result(), 'host response'));
    const begin = (result: () => object) =>
      queue.send(() => this.#send(id, 'execute/initialResponse', result(), 'initial response'));
    const failure = (error: unknown) => this.#failureOf(error);
    return {
      events: (events) =>
        queue.send(() => this.#connection.send({ type: 'cell/events', id, events })),
      drained: () => this.#connection.drained(),
      answer: (value) => respond(() => ({ status: 'ok', value: value() })),
      fail: (error) => respond(() => failure(error)),
      initial: (value) => begin(() => ({ status: 'ok', value: value() })),
      failInitial: (error) => begin(() => failure(error)),
    };
  }

  /** An answer that is too large for a frame becomes an error; the connection goes on. */
  #send(id: number, type: string, result: object, what: string): void {
    try {
      this.#connection.send({ type, id, result });
    } catch (error) {
      if (!(error instanceof FrameTooLargeError)) throw error;
      const text = `code-mode ${what} exceeds the IPC frame limit: ${error.message}`;
      const failure = this.#failureOf(new CodeModeError('limit_exceeded', text));
      this.#connection.send({ type, id, result: failure });
    }
  }

  #failureOf(error: unknown): { status: 'error'; message: string; code?: string } {
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#own || !(error instanceof CodeModeError)) return { status: 'error', message };
    return { status: 'error', message, code: error.code };
  }

  async #closed(error: Error | null): Promise<void> {
    this.#closing = true;
    this.#delegate.failAll(new Error('code-mode client connection closed'));
    const gone = new Cancelled('disconnect');
    for (const { cancel } of this.#requests.values()) cancel.abort(gone);
    await this.#sessions.closeAll();
    this.#parts.onEnded(error);
  }
}

function isHello(value: unknown): boolean {
  return (value as { type?: unknown } | null)?.type === 'connection/hello';
}

function cancelled(): CodeModeError {
  return new CodeModeError('cancelled', 'code-mode request cancelled');
}

function shuttingDown(): CodeModeError {
  return new CodeModeError('session_closed', 'code-mode host is shutting down');
}
