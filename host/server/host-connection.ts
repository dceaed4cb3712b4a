import { Cancelled, CodeModeError } from '../../src/errors.ts';
import type { Connection } from '../wire/connection.ts';
import { type RequestId, withExactId } from '../wire/exact-id.ts';
import {
  type ClientMessage,
  type Operation,
  readClientMessage,
  requestIdIn,
} from '../wire/protocol.ts';
import { DelegateCalls } from './delegate-calls.ts';
import type { HostLimits } from './host-limits.ts';
import type { Answering, HostedSession } from './hosted-session.ts';
import { RequestAnswers } from './request-answers.ts';
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

type DelegateResponse = Extract<ClientMessage, { type: 'delegate/response' }>;

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
  readonly #requests = new Map<RequestId, Request>();
  readonly #finished = new UsedIds<RequestId>();
  readonly #answers: RequestAnswers;
  readonly #delegate: DelegateCalls;
  readonly #sessions: SessionTable;
  #closing = false;

  constructor(parts: HostConnectionParts) {
    this.#parts = parts;
    const { number, connection, capabilities, sessions } = parts;
    this.#connection = connection;
    const large = capabilities.has('delegate-capacity-4096');
    const own = capabilities.has('cellhost.cells');
    this.#answers = new RequestAnswers(connection, own, parts.limits.maxUnreadBytes);
    const capacity = large ? LARGE_CAPACITY : SMALL_CAPACITY;
    this.#delegate = new DelegateCalls(connection, own ? Number.POSITIVE_INFINITY : capacity, own);
    this.#sessions = new SessionTable({
      factory: sessions,
      holder: `connection ${number} (${connection.peer})`,
      calls: this.#delegate,
      own,
      onCellClosed: (sessionId, cellId) =>
        connection.send({ type: 'cell/closed', sessionId, cellId }),
    });
    connection.take({
      message: (value, text) => this.#receive(value, text),
      lastWords: (error) => this.#answers.lastWords(error),
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
    const message = this.#read(withExactId(value, text));
    switch (message?.type) {
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
        return this.#answered(message, text);
    }
  }

  /** Undefined for a malformed request, whose sender is told: its other requests go on. */
  #read(value: unknown): ClientMessage | undefined {
    try {
      return readClientMessage(value);
    } catch (error) {
      const id = requestIdIn(value);
      if (id === undefined) throw error;
      this.#checkNew(id);
      this.#finished.add(id);
      this.#answers.malformed(id, error);
      this.#rest();
      return undefined;
    }
  }

  /** This host gives no id that is not exact, so an answer to one is to a call that is not there. */
  #answered({ id, result }: DelegateResponse, text: string): void {
    if (typeof id === 'number') this.#delegate.answer({ id, result, text });
  }

  #checkNew(id: RequestId): void {
    if (!this.#requests.has(id) && !this.#finished.has(id)) return;
    throw new Error(`duplicate code-mode request ID ${id}`);
  }

  #admit(id: RequestId, operation: Operation): void {
    this.#checkNew(id);
    const request: Request = {
      cancel: new AbortController(),
      preempt: new AbortController(),
      cancellable: CANCELLABLE.has(operation.method),
    };
    if ('request' in operation && operation.request.preempted) request.preempt.abort();
    const full = this.#requests.size >= this.#parts.limits.maxRequests;
    this.#requests.set(id, request);
    const answering = this.#answers.to(id);
    const done = full
      ? Promise.reject(this.#tooManyRequests())
      : this.#perform(operation, request, answering);
    done
      .catch((error: unknown) => answering.fail(error))
      .finally(() => {
        this.#requests.delete(id);
        this.#finished.add(id);
      });
    this.#rest();
  }

  /** A client that does not read its answers has to wait before it can ask for more. */
  #rest(): void {
    const drained = this.#connection.drained();
    if (drained === undefined) return;
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
