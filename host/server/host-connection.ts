import { Cancelled, CodeModeError } from '../../src/errors.ts';
import { startTimer } from '../../src/timer.ts';
import { OWN_CAPABILITIES, V1_CAPABILITIES } from '../capabilities.ts';
import { Connection, FrameTooLargeError } from '../connection.ts';
import { answerHello } from '../handshake.ts';
import { type Operation, type RuntimeResponse, readClientMessage } from '../protocol.ts';
import type { Transport } from '../transport.ts';
import { DelegateCalls } from './delegate-calls.ts';
import type { HostLimits } from './host-limits.ts';
import type { Answering, HostedSession } from './hosted-session.ts';
import type { SessionFactory } from './session-factory.ts';
import { SessionTable } from './session-table.ts';
import { UsedIds } from './used-ids.ts';

/** What a connection needs of its host. */
export interface HostConnectionParts {
  readonly transport: Transport;
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

const SUPPORTED: readonly string[] = [...V1_CAPABILITIES, ...OWN_CAPABILITIES];
const LARGE_CAPACITY = 4_096;
const SMALL_CAPACITY = 1_024;
const CANCELLABLE = new Set<Operation['method']>(['session/wait']);

/**
 * One client of a host: checks what it sends, admits its requests and sees to it that each is
 * answered once.
 */
export class HostConnection {
  readonly #parts: HostConnectionParts;
  readonly #connection: Connection;
  readonly #requests = new Map<number, Request>();
  readonly #finished = new UsedIds<number>();
  readonly #helloTimer: NodeJS.Timeout | undefined;
  #capabilities: ReadonlySet<string> | null = null;
  #delegate: DelegateCalls | null = null;
  #sessions: SessionTable | null = null;
  #closing = false;

  constructor(parts: HostConnectionParts) {
    this.#parts = parts;
    const { transport, limits } = parts;
    this.#connection = new Connection(transport);
    const silent = new Error(`No hello came within ${limits.helloMs} ms (helloMs)`);
    this.#helloTimer = startTimer(() => this.#connection.fail(silent), limits.helloMs);
    this.#connection.start({
      message: (value, text) => this.#receive(value, text),
      closed: (error) => void this.#closed(error),
    });
  }

  get peer(): string {
    return this.#connection.peer;
  }

  get sessionCount(): number {
    return this.#sessions?.size ?? 0;
  }

  /** Ends every session, answers everybody, and closes the connection. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#sessions?.closeAll();
    await this.#connection.close();
  }

  /** The first message is checked by hand; see `handshake.ts`. */
  #greet(value: unknown): void {
    const hello = answerHello(value, SUPPORTED);
    clearTimeout(this.#helloTimer);
    this.#connection.send(hello);
    this.#capabilities = new Set(hello.type === 'connection/ready' ? hello.capabilities : []);
    if (hello.type === 'connection/rejected') {
      this.#closing = true;
      void this.#connection.close();
      return;
    }
    const large = this.#capabilities.has('delegate-capacity-4096');
    const own = this.#capabilities.has('cellhost.cells');
    const capacity = own ? Number.POSITIVE_INFINITY : large ? LARGE_CAPACITY : SMALL_CAPACITY;
    this.#delegate = new DelegateCalls(this.#connection, capacity, own);
    this.#sessions = new SessionTable({
      factory: this.#parts.sessions,
      calls: this.#delegate,
      own,
      onCellClosed: (sessionId, cellId) =>
        this.#connection.send({ type: 'cell/closed', sessionId, cellId }),
    });
  }

  #receive(value: unknown, text: string): void {
    if (this.#capabilities === null) return this.#greet(value);
    if (this.#delegate === null) return;
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
    const sessions = this.#sessions;
    if (sessions === null || this.#closing) throw shuttingDown();
    const options = { signal: request.cancel.signal, preempt: request.preempt.signal };
    switch (operation.method) {
      case 'session/open':
        // Known at once: what comes right behind it is for a session that is there.
        sessions.open(operation);
        await this.#parts.sessions.ready;
        return answering.answer({ type: 'session/ready', sessionId: operation.sessionId });
      case 'session/create': {
        const created = sessions.create(operation);
        await this.#parts.sessions.ready;
        return answering.answer({ type: 'session/created', ...created });
      }
      case 'session/shutdown':
        await sessions.close(operation.sessionId);
        return answering.answer({ type: 'session/closed', sessionId: operation.sessionId });
      case 'session/execute':
        return this.#find(operation).execute(operation, options, answering);
      case 'session/wait':
        return this.#find(operation).wait(operation, options, answering);
      case 'session/terminate':
        return this.#find(operation).terminate(operation, answering);
      case 'session/resume':
        return this.#find(operation).resume(operation, answering);
      case 'session/cells':
        return this.#find(operation).cells(answering);
      case 'session/values':
        return this.#find(operation).values(answering);
    }
  }

  #find({ sessionId }: { readonly sessionId: string }): HostedSession {
    const session = this.#sessions?.get(sessionId);
    if (session !== undefined) return session;
    throw new CodeModeError('session_unknown', `unknown code-mode session ${sessionId}`);
  }

  #answering(id: number): Answering {
    const send = (message: object, what: string) => this.#send(id, message, what);
    const failure = (error: unknown) => this.#failureOf(error);
    return {
      answer: (value) =>
        send({ type: 'operation/response', id, result: { status: 'ok', value } }, 'host response'),
      fail: (error) =>
        send({ type: 'operation/response', id, result: failure(error) }, 'host response'),
      initial: (value: RuntimeResponse) =>
        send(
          { type: 'execute/initialResponse', id, result: { status: 'ok', value } },
          'initial response',
        ),
      failInitial: (error) =>
        send({ type: 'execute/initialResponse', id, result: failure(error) }, 'initial response'),
    };
  }

  /** An answer that is too large for a frame becomes an error; the connection goes on. */
  #send(id: number, message: object, what: string): void {
    try {
      this.#connection.send(message);
    } catch (error) {
      if (!(error instanceof FrameTooLargeError)) throw error;
      const text = `code-mode ${what} exceeds the IPC frame limit: ${error.message}`;
      const result = this.#failureOf(new CodeModeError('limit_exceeded', text));
      this.#connection.send({ type: (message as { type: string }).type, id, result });
    }
  }

  #failureOf(error: unknown): { status: 'error'; message: string; code?: string } {
    const message = error instanceof Error ? error.message : String(error);
    const own = this.#capabilities?.has('cellhost.cells') === true;
    if (!own || !(error instanceof CodeModeError)) return { status: 'error', message };
    return { status: 'error', message, code: error.code };
  }

  async #closed(error: Error | null): Promise<void> {
    clearTimeout(this.#helloTimer);
    this.#closing = true;
    this.#delegate?.failAll(new Error('code-mode client connection closed'));
    const gone = new Cancelled('disconnect');
    for (const { cancel } of this.#requests.values()) cancel.abort(gone);
    await this.#sessions?.closeAll();
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
