import { type ToolCall as Call, JsonText } from '../../../src/delegate.ts';
import { type Cancelled, type ErrorText, errorOf } from '../../../src/errors.ts';
import { PIECE_LENGTH } from '../../../src/json/json-pieces.ts';
import type { CancelListener, PassedCall } from '../../../src/runtime/passed-call.ts';
import { PendingCalls, type Waiter } from '../../core/pending-calls.ts';
import { ToolCall, ToolKind } from '../generated/code-mode.ts';
import { encodeMessage, MAX_MESSAGE_BYTES } from '../message-framing.ts';
import { Status, StatusError } from '../status.ts';
import { checkLargeJson, LARGE_JSON_BYTES } from './check-large-json.ts';
import type { Execution } from './executions.ts';
import { InvocationIds } from './invocation-ids.ts';
import { inParts } from './large-encoding.ts';
import type { Completion } from './large-requests.ts';
import { invalid, readJson } from './requests.ts';
import type { Subscription } from './subscription.ts';

/** What a client answered: JSON, or why the call failed. */
type Answer = { readonly json: JsonText } | { readonly failure: string | ErrorText };

/** What errors call the result of a tool. */
const OUTPUT = 'code-mode tool output JSON';

/** A call without an answer. It consists of as few objects as possible: there may be very many. */
class Invocation implements Waiter<Answer>, CancelListener {
  readonly execution: Execution;
  readonly call: Call;
  readonly #passed: PassedCall;
  readonly #onCancel: (invocation: Invocation, reason: Cancelled) => void;
  /** Null until it is sent. */
  sent: { readonly number: number; readonly over: Subscription } | null = null;

  constructor(
    execution: Execution,
    call: Call,
    passed: PassedCall,
    onCancel: (invocation: Invocation, reason: Cancelled) => void,
  ) {
    this.execution = execution;
    this.call = call;
    this.#passed = passed;
    this.#onCancel = onCancel;
    passed.listener = this;
  }

  answered(answer: Answer): void {
    this.#leave();
    if ('json' in answer) this.#passed.answered(answer.json);
    else this.#passed.failed(errorOf(answer.failure));
  }

  failed(error: Error): void {
    this.#leave();
    this.#passed.failed(error);
  }

  cancelled(reason: Cancelled): void {
    this.#onCancel(this, reason);
  }

  #leave(): void {
    this.#passed.listener = null;
    if (this.sent !== null) this.sent.over.open -= 1;
  }
}

/** What the calls of a session need. */
export interface ToolCallsParts {
  readonly sessionId: string;
  /** Tool calls that the client takes at once. */
  readonly capacity: number;
  /** Called for each call that the client has and need not answer. */
  readonly onCancelled: (invocationId: string) => void;
  /** Called for a large result: it has so many bytes, and was checked when the promise resolves. */
  readonly onCheck: (checked: Promise<unknown>, bytes: number) => void;
}

/**
 * The tool calls of one session: who gets which, at most `capacity` at once. Calls wait while nobody
 * who could take them reads.
 */
export class ToolCalls {
  readonly #sessionId: string;
  readonly #capacity: number;
  readonly #onCancelled: ToolCallsParts['onCancelled'];
  readonly #onCheck: ToolCallsParts['onCheck'];
  readonly #ids = new InvocationIds();
  readonly #sent = new PendingCalls<Answer>();
  readonly #waiting = new Set<Invocation>();
  /** In the order of their turns. */
  #subscriptions: readonly Subscription[] = [];
  /** Those whose room is waited for. */
  readonly #watched = new Set<Subscription>();
  #lastNumber = 0;
  /** Large results are checked one after another, so that many take no longer turns than one. */
  #checks: Promise<unknown> = Promise.resolve();
  #failure: Error | null = null;

  constructor({ sessionId, capacity, onCancelled, onCheck }: ToolCallsParts) {
    this.#sessionId = sessionId;
    this.#capacity = capacity;
    this.#onCancelled = onCancelled;
    this.#onCheck = onCheck;
  }

  /** Calls that the client has, and calls that wait. */
  get counts(): { readonly pending: number; readonly waiting: number } {
    return { pending: this.#sent.size, waiting: this.#waiting.size };
  }

  subscribe(subscription: Subscription): void {
    this.#subscriptions = [...this.#subscriptions, subscription];
  }

  /** A subscription is over. Calls that only it could have taken fail. */
  unsubscribe(subscription: Subscription): void {
    this.#subscriptions = this.#subscriptions.filter((one) => one !== subscription);
    for (const invocation of this.#waiting) {
      if (this.#subscriptions.some((one) => one.matches(invocation.call.toolName))) continue;
      this.#waiting.delete(invocation);
      invocation.failed(unmatched());
    }
    this.#sendWaiting();
  }

  /** Passes a call on. It fails if nobody can take it, or the client fails it. */
  pass(execution: Execution, call: Call, passed: PassedCall): void {
    if (passed.reason !== null) return passed.failed(passed.reason);
    if (this.#failure !== null) return passed.failed(this.#failure);
    if (this.#sent.size + this.#waiting.size >= this.#capacity) {
      return passed.failed(new Error('code-mode session has too many pending delegate calls'));
    }
    if (!this.#subscriptions.some((one) => one.matches(call.toolName))) {
      return passed.failed(unmatched());
    }
    this.#waiting.add(new Invocation(execution, call, passed, this.#onCancel));
    this.#sendWaiting();
  }

  /**
   * The client answers a call. A late or second answer does nothing.
   *
   * @returns Resolves when it was checked; undefined if that is done.
   * @throws StatusError; the call may still be answered then.
   */
  complete(id: string, outcome: Completion['outcome']): Promise<void> | undefined {
    if (outcome === undefined) throw invalid('tool completion is missing its outcome');
    const number = this.#ids.toNumber(id);
    if (!(number >= 1 && number <= this.#lastNumber)) {
      throw new StatusError(Status.notFound, `unknown code-mode tool invocation ${id}`);
    }
    if (outcome.$case === 'failed') {
      this.#sent.settle(number, { failure: outcome.value.message });
      return undefined;
    }
    const { outputJson } = outcome.value;
    if (outputJson.length >= LARGE_JSON_BYTES) return this.#completeLarge(number, outputJson);
    const { text } = readJson(OUTPUT, outputJson);
    this.#sent.settle(number, { json: new JsonText(text) });
    return undefined;
  }

  async #completeLarge(number: number, outputJson: Uint8Array): Promise<void> {
    const checked = this.#checks.then(() => checkLargeJson(outputJson));
    this.#checks = checked.catch(() => {});
    this.#onCheck(this.#checks, outputJson.length);
    await checked.catch((error: Error) => {
      throw invalid(`invalid ${OUTPUT}: ${error.message}`);
    });
    this.#sent.settle(number, { json: new JsonText(outputJson) });
  }

  /** Fails every call, later ones too. @returns The subscriptions, which are no longer used. */
  failAll(error: Error): readonly Subscription[] {
    this.#failure ??= error;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const invocation of waiting) invocation.failed(error);
    this.#sent.failAll(error);
    const subscriptions = this.#subscriptions;
    this.#subscriptions = [];
    return subscriptions;
  }

  #sendWaiting(): void {
    for (const invocation of this.#waiting) {
      const free = this.#subscriptions.filter((one) => this.#hasRoom(one));
      if (free.length === 0) return;
      const over = free.find((one) => one.matches(invocation.call.toolName));
      if (over === undefined) continue;
      this.#waiting.delete(invocation);
      this.#send(invocation, over);
    }
  }

  /** A subscription without room is looked at again when it has some. */
  #hasRoom(subscription: Subscription): boolean {
    const drained = subscription.drained();
    if (drained === undefined) return true;
    if (this.#watched.has(subscription)) return false;
    this.#watched.add(subscription);
    void drained.then(() => {
      this.#watched.delete(subscription);
      this.#sendWaiting();
    });
    return false;
  }

  #send(invocation: Invocation, over: Subscription): void {
    const number = this.#sent.open(invocation);
    this.#lastNumber = number;
    const message = this.#encode(invocation, this.#ids.toId(number));
    if (message instanceof Error) {
      this.#sent.drop(number);
      return invocation.failed(message);
    }
    over.send(message);
    invocation.execution.lastSequence += 1;
    invocation.sent = { number, over };
    over.open += 1;
    if (this.#subscriptions.length > 1) {
      this.#subscriptions = [...this.#subscriptions.filter((one) => one !== over), over];
    }
  }

  /** A large argument is not copied. */
  #encode(
    { execution, call }: Invocation,
    invocationId: string,
  ): readonly Buffer[] | Buffer | Error {
    const { toolName, kind, inputText } = call;
    try {
      const message: ToolCall = {
        sessionId: this.#sessionId,
        executionId: execution.id,
        cellId: call.cellId,
        invocationId,
        runtimeToolCallId: call.callId,
        toolName: { name: toolName.name, namespace: toolName.namespace ?? undefined },
        toolKind: kind === 'function' ? ToolKind.FUNCTION : ToolKind.FREEFORM,
        inputJson: typeof inputText === 'string' ? Buffer.from(inputText) : inputText,
        sequence: BigInt(execution.lastSequence + 1),
      };
      return (message.inputJson?.length ?? 0) > PIECE_LENGTH
        ? inParts(ToolCall, message)
        : encodeMessage(ToolCall, message);
    } catch (error) {
      const limit = `the ${MAX_MESSAGE_BYTES}-byte gRPC message limit`;
      return new Error(`code-mode tool invocation exceeds ${limit}`, { cause: error });
    }
  }

  readonly #onCancel = (invocation: Invocation, reason: Cancelled): void => {
    const { sent } = invocation;
    if (this.#waiting.delete(invocation)) return invocation.failed(reason);
    if (sent === null || !this.#sent.drop(sent.number)) return;
    this.#onCancelled(this.#ids.toId(sent.number));
    invocation.failed(reason);
  };
}

function unmatched(): Error {
  return new Error('no code-mode tool subscription matches the requested tool');
}
