import type { ExecuteRequest as CellRequest } from '../../../src/session.ts';
import type { HostCore } from '../../core/host-core.ts';
import type { CellAnswering, ExecuteAnswering, HostedSession } from '../../core/hosted-session.ts';
import {
  AcknowledgeNotificationRequest,
  CancelWaitRequest,
  CloseSessionRequest,
  ExecuteEvent,
  type ExecuteRequest,
  GetProcessMetricsRequest,
  OpenSessionRequest,
  OutputTruncation,
  SubscribeToToolCallsRequest,
  TerminateRequest,
  WaitRequest,
  YieldObservationRequest,
} from '../generated/code-mode.ts';
import { encodeMessage } from '../message-framing.ts';
import { Status, StatusError } from '../status.ts';
import { encodeExecuteOutcome, encodeWaitOutcome } from './encode-outcome.ts';
import { type Completion, decodeCompletion, decodeExecute } from './large-requests.ts';
import { Lease } from './lease.ts';
import type { Leases } from './leases.ts';
import { type Method, method, small } from './method.ts';
import type { Observation, Observations } from './observations.ts';
import { bufferedFor, toStatusError } from './outcomes.ts';
import { answerDone, Receipts } from './receipts.ts';
import {
  invalid,
  readCapacity,
  readExecute,
  readFilters,
  readId,
  readNumber,
  readObserve,
  readTerms,
  readUuid,
} from './requests.ts';
import type { ServerCall } from './server-call.ts';

const COUNTED = { isCounted: true };
const PREFIX = '/codex.code_mode.v1.CodeModeHost/';
/** Answers nobody. */
const SILENT: CellAnswering = { outcome: () => undefined, fail: () => undefined };

/** The service `codex.code_mode.v1.CodeModeHost` over the sessions of a host. */
export class CodeModeService {
  readonly #core: HostCore;
  readonly #leases: Leases;
  readonly #route: string | null;
  readonly #receipts = new Receipts();
  readonly #methods = new Map<string, Method>([
    ['OpenSession', small(OpenSessionRequest, (call, request) => this.#open(call, request))],
    ['CloseSession', small(CloseSessionRequest, (call, request) => this.#close(call, request))],
    [
      'SubscribeToToolCalls',
      small(SubscribeToToolCallsRequest, (call, request) => this.#subscribe(call, request)),
    ],
    [
      'CompleteToolCall',
      method(decodeCompletion, (call, request) => this.#complete(call, request), {
        keepsRequest: true,
      }),
    ],
    [
      'AcknowledgeNotification',
      small(AcknowledgeNotificationRequest, (call, request) => this.#acknowledge(call, request)),
    ],
    ['Execute', method(readExecution, (call, request) => this.#execute(call, request), COUNTED)],
    ['Wait', small(WaitRequest, (call, request) => this.#wait(call, request), COUNTED)],
    ['CancelWait', small(CancelWaitRequest, (call, request) => this.#cancelWait(call, request))],
    [
      'YieldObservation',
      small(YieldObservationRequest, (call, request) => this.#yield(call, request)),
    ],
    [
      'Terminate',
      small(TerminateRequest, (call, request) => this.#terminate(call, request), COUNTED),
    ],
    ['GetProcessMetrics', small(GetProcessMetricsRequest, () => unsupported())],
  ]);

  /** @param route What a balancer may find this host by; null if it makes its own routes. */
  constructor(core: HostCore, leases: Leases, route: string | null) {
    this.#core = core;
    this.#leases = leases;
    this.#route = route;
  }

  /** The method at a path; undefined if there is none. */
  methodAt(path: string | undefined): Method | undefined {
    return path?.startsWith(PREFIX) ? this.#methods.get(path.slice(PREFIX.length)) : undefined;
  }

  async #open(call: ServerCall, request: OpenSessionRequest): Promise<void> {
    const terms = readTerms(request);
    const capacity = readCapacity(request);
    if (this.#leases.isStopping || call.caller.isClosing) {
      throw new StatusError(Status.unavailable, 'code-mode host is shutting down');
    }
    const { limits, sessions } = this.#core;
    const { maxUnreadBytes } = limits;
    const sessionId = sessions.newId();
    const onClosed = () => this.#leases.delete(lease);
    const lease: Lease = new Lease({ sessionId, call, capacity, maxUnreadBytes, onClosed });
    this.#leases.add(lease);
    try {
      await Promise.all([call.caller.sessions.open(sessionId, terms), sessions.ready]);
    } catch (error) {
      call.fail(toStatusError(error));
      return lease.close();
    }
    const mode = terms.truncates ? OutputTruncation.SERVER : OutputTruncation.UNSPECIFIED;
    lease.opened({ sessionId, outputTruncation: mode }, this.#route);
  }

  async #close(call: ServerCall, { sessionId }: CloseSessionRequest): Promise<void> {
    await this.#leaseOf(sessionId).close();
    answerDone(call);
  }

  #subscribe(call: ServerCall, { sessionId, toolNames }: SubscribeToToolCallsRequest): void {
    this.#leaseOf(sessionId).subscribe(call, readFilters(toolNames));
  }

  async #complete(call: ServerCall, request: Completion): Promise<void> {
    const { toolCalls, caller } = this.#leaseOf(request.sessionId);
    this.#leases.carriers.carry(call.caller, caller);
    const id = readUuid('tool invocation', request.invocationId);
    const checked = toolCalls.complete(id, request.outcome);
    if (checked !== undefined) await checked;
    this.#receipts.add(call);
  }

  /** Notifications are not sent again, so nothing is done. */
  #acknowledge(call: ServerCall, request: AcknowledgeNotificationRequest): void {
    this.#leaseOf(request.sessionId);
    readUuid('notification', request.notificationId);
    this.#receipts.add(call);
  }

  async #execute(call: ServerCall, { request, program }: Execution): Promise<void> {
    const lease = this.#leaseOf(request.sessionId);
    const { session } = lease;
    const id = readId('execution', request.executionId);
    const observation = lease.executions.begin(id);
    let startedCell: string | null = null;
    const executed = Promise.withResolvers<void>();
    // Nobody would learn what becomes of the cell.
    const drop = async () => {
      lease.executions.drop(observation);
      await executed.promise;
      if (startedCell !== null) await session.terminate(startedCell, null, SILENT);
    };
    void lease.track(call, () => void drop());
    const answering: ExecuteAnswering = {
      started: (cellId) => {
        startedCell = cellId;
        lease.started({ id, cellId, toolCallId: request.toolCallId, lastSequence: 0 });
        const value = { executionId: id, cellId };
        lease.send(call, encodeMessage(ExecuteEvent, { event: { $case: 'started', value } }));
        return undefined;
      },
      outcome: (make) => lease.answer(call, () => encodeExecuteOutcome(make())),
      fail: (error) => lease.fail(call, error),
    };
    const tokens = readNumber(request.maxOutputTokens);
    try {
      await observed(lease.executions, observation, (options) =>
        session.execute(program, tokens, options, answering),
      );
    } finally {
      executed.resolve();
    }
  }

  async #wait(call: ServerCall, request: WaitRequest): Promise<void> {
    const lease = this.#leaseOf(request.sessionId);
    const { session } = lease;
    const cellId = readId('cell', request.cellId);
    const observation = lease.waits.begin(readId('wait', request.waitId));
    void lease.track(call, () => lease.waits.drop(observation));
    const mode = readObserve(request.yieldTimeMs);
    const tokens = readNumber(request.maxOutputTokens);
    await observed(lease.waits, observation, (options) =>
      session.wait(cellId, mode, tokens, options, waitAnswering(lease, call)),
    );
  }

  async #cancelWait(call: ServerCall, { sessionId, waitId }: CancelWaitRequest): Promise<void> {
    const lease = this.#leaseOf(sessionId);
    await lease.waits.cancel(readId('wait', waitId));
    answerDone(call);
  }

  #yield(call: ServerCall, { sessionId, observation }: YieldObservationRequest): void {
    const lease = this.#leaseOf(sessionId);
    switch (observation?.$case) {
      case undefined:
        throw invalid('missing code-mode observation ID');
      case 'executionId':
        lease.executions.preempt(readId('execution', observation.value));
        break;
      case 'waitId':
        lease.waits.preempt(readId('wait', observation.value));
    }
    answerDone(call);
  }

  async #terminate(call: ServerCall, request: TerminateRequest): Promise<void> {
    const lease = this.#leaseOf(request.sessionId);
    const cellId = readId('cell', request.cellId);
    const tokens = readNumber(request.maxOutputTokens);
    const received = lease.track(call, () => {});
    const { outcome, fail } = waitAnswering(lease, call);
    await lease.session.terminate(cellId, tokens, {
      // Whoever waits for the cell is answered after that, also on another stream.
      outcome: (make) => outcome(make)?.then(() => received) ?? received,
      fail,
    });
  }

  #leaseOf(sessionId: string): Lease {
    return this.#leases.get(readUuid('session', sessionId));
  }
}

/** An execute request, and what is to be executed. */
interface Execution {
  readonly request: ExecuteRequest;
  readonly program: CellRequest;
}

function readExecution(body: Buffer): Execution | Promise<Execution> {
  const request = decodeExecute(body);
  const program = readExecute(request);
  if (!(program instanceof Promise)) return { request, program };
  return program.then((read) => ({ request, program: read }));
}

async function observed(
  observations: Observations,
  observation: Observation,
  observe: (options: {
    readonly signal: AbortSignal;
    readonly preempt: AbortSignal;
  }) => ReturnType<HostedSession['wait']>,
): Promise<void> {
  const { cancel, preempt } = observation;
  try {
    await observe({ signal: cancel.signal, preempt: preempt.signal });
  } finally {
    observations.end(observation);
  }
}

function waitAnswering(lease: Lease, call: ServerCall): CellAnswering {
  return {
    outcome: (make) =>
      lease.answer(call, () => {
        const outcome = make();
        const message = encodeWaitOutcome(outcome);
        call.sendHeaders(bufferedFor(outcome));
        return message;
      }),
    fail: (error) => lease.fail(call, error),
  };
}

function unsupported(): never {
  throw new StatusError(Status.unimplemented, 'process metrics are unsupported');
}
