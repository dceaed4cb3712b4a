import type { CellEvent } from '../../src/events.ts';
import type { LiveEvent } from '../../src/live-events.ts';
import type { ExecuteRequest } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type {
  Asked,
  AskedExecute,
  CellWait,
  OwnRequests,
  SessionLink,
} from '../remote/host-link.ts';
import type { Operation, OperationValue } from '../wire/protocol.ts';
import { fromOutcome, fromResponse } from '../wire/wire-events.ts';
import type { SentRequest } from './asked-requests.ts';
import type { ClientConnection } from './client-connection.ts';
import { expected } from './expected.ts';
import { SessionRequests } from './session-requests.ts';

/** One session of a connection that speaks JSON. See `SessionLink`. */
export class JsonSession implements SessionLink {
  readonly own: OwnRequests | null;
  readonly #connection: ClientConnection;
  readonly #sessionId: string;
  readonly #requests: SessionRequests;

  /** @param tools The default tools of a cell. */
  constructor(connection: ClientConnection, sessionId: string, tools: readonly ToolDefinition[]) {
    this.#connection = connection;
    this.#sessionId = sessionId;
    const hasCellsCapability = connection.has('cellhost.cells');
    this.#requests = new SessionRequests(sessionId, tools, hasCellsCapability);
    this.own = hasCellsCapability ? this.#own() : null;
  }

  get failure(): Error | null {
    return this.#connection.failure;
  }

  execute(
    request: ExecuteRequest,
    wait: CellWait,
    onStarted: (cellId: string) => void,
  ): AskedExecute {
    const operation = this.#requests.execute(request, wait);
    // Resolved in place, so that a caller learns of the cell before its first event can arrive.
    const started = Promise.withResolvers<string>();
    let initial: Promise<CellEvent> | null = null;
    const { id, answer } = this.#connection.request(operation, (value, id) => {
      const { cellId } = expected(value, 'execution/started');
      initial = this.#connection.initial(id, operation).then(fromResponse);
      initial.catch(() => {});
      onStarted(cellId);
      started.resolve(cellId);
    });
    answer.catch(started.reject);
    return {
      started: started.promise,
      first: () => initial!,
      preempt: () => this.#connection.preempt(id),
    };
  }

  wait(cellId: string, wait: CellWait): Asked<CellEvent> {
    const sent = this.#connection.request(this.#requests.wait(cellId, wait));
    return this.#asked(sent, eventIn);
  }

  async terminate(cellId: string): Promise<CellEvent> {
    return eventIn(await this.#ask({ method: 'session/terminate', cellId, ...this.#session }));
  }

  async close(): Promise<void> {
    expected(await this.#ask({ method: 'session/shutdown', ...this.#session }), 'session/closed');
  }

  #own(): OwnRequests {
    const session = this.#session;
    return {
      resume: async (cellId, generation) => {
        const request = { method: 'session/resume', cellId, generation, ...session } as const;
        return expected(await this.#ask(request), 'cell/resumed').outcome;
      },
      cells: async () => {
        const value = await this.#ask({ method: 'session/cells', ...session });
        return expected(value, 'session/cells').cells;
      },
      values: async () => {
        const value = await this.#ask({ method: 'session/values', ...session });
        return new Map(expected(value, 'session/values').values);
      },
      events: (cellId, after, onEvents: (events: readonly LiveEvent[]) => void) => {
        const request = { method: 'session/events', cellId, after, ...session } as const;
        return this.#asked<unknown>(
          this.#connection.subscribe(request, onEvents),
          (value) => value,
        );
      },
    };
  }

  get #session(): { readonly sessionId: string } {
    return { sessionId: this.#sessionId };
  }

  #ask(operation: Operation): Promise<OperationValue> {
    return this.#connection.request(operation).answer;
  }

  #asked<T>(sent: SentRequest<OperationValue>, read: (value: OperationValue) => T): Asked<T> {
    return {
      answer: sent.answer.then(read),
      cancel: () => this.#connection.cancel(sent.id),
      preempt: () => this.#connection.preempt(sent.id),
    };
  }
}

function eventIn(value: OperationValue): CellEvent {
  return fromOutcome(expected(value, 'wait/completed').outcome);
}
