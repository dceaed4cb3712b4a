import { createHash, randomBytes } from 'node:crypto';
import {
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { FaceSession } from './face-session.ts';
import type { ResumedCall } from './model-calls.ts';
import type { QuestionRound } from './questions.ts';

/** How long a question may be answered, in seconds. It ends with its cell in any case. */
const ANSWER_TTL_S = 86_400;

/** What a request that asked is known by when it is repeated. Signed, so a client cannot change it. */
interface AskedState {
  readonly session: string;
  readonly request: string;
  readonly cellId: string;
  readonly nonce: string;
  readonly leftMs: number;
}

/** A request that may ask a person before it is answered. */
export interface AskingRequest {
  readonly session: FaceSession;
  /** What must be the same when it is repeated, besides the method: a JSON value. */
  readonly identity: unknown;
  readonly context: ServerContext;
}

/** Puts questions to clients, and knows a request when it comes again with the answers. */
export class AskedRequests {
  readonly #codec = createRequestStateCodec<AskedState>({
    key: randomBytes(32),
    ttlSeconds: ANSWER_TTL_S,
    bind: (context) => context.mcpReq.method,
  });

  /** Checks the signature of a state; an option of servers. */
  get verify() {
    return this.#codec.verify;
  }

  /**
   * Where a request stood when it asked, and what was answered. Undefined the first time.
   *
   * @throws If the answers belong to another request.
   */
  resumed({ session, identity, context: { mcpReq } }: AskingRequest): ResumedCall | undefined {
    const state = mcpReq.requestState<AskedState>();
    if (state === undefined) return undefined;
    if (state.session !== session.key || state.request !== digest(identity)) {
      throw new Error('Cannot take these answers: they belong to another call');
    }
    const { cellId, nonce, leftMs } = state;
    return { cellId, nonce, leftMs, answers: mcpReq.inputResponses ?? {} };
  }

  /** Asks the client to put questions to a person, and to repeat the request with the answers. */
  async ask(
    { session, identity, context }: AskingRequest,
    asked: { readonly cellId: string; readonly round: QuestionRound; readonly leftMs: number },
  ): Promise<InputRequiredResult> {
    const { cellId, round, leftMs } = asked;
    const { nonce } = round;
    const state = { session: session.key, request: digest(identity), cellId, nonce, leftMs };
    const inputRequests = [...round.questions].map(([key, question]) => {
      return [key, { method: 'elicitation/create', params: question }] as const;
    });
    return inputRequired({
      inputRequests: Object.fromEntries(inputRequests),
      requestState: await this.#codec.mint(state, context),
    });
  }
}

function digest(identity: unknown): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('base64url');
}
