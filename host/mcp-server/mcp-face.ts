import { createHash, randomBytes } from 'node:crypto';
import {
  type CallToolRequest,
  type CallToolResult,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { CodeModeError } from '../../src/errors.ts';
import { toContentBlocks } from './content-blocks.ts';
import { passable } from './direct-servers.ts';
import type { FaceSession } from './face-session.ts';
import type { Caller } from './live-cell.ts';
import { cells, exec, type ModelAnswer, type ModelCall, wait } from './model-calls.ts';
import type { QuestionRound } from './questions.ts';
import { callerOf, progressTo } from './request-caller.ts';
import { servePrompts, serveResources } from './served-resources.ts';

/** How long a question may be answered, in seconds. It ends with its cell in any case. */
const ANSWER_TTL_S = 86_400;
/** Rounds of questions that one call may take where the server itself puts them to the client. */
const MAX_ROUNDS = 10_000;
/** The longest a timer can be, in milliseconds. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/** What a call that asked is known by when it is repeated. Signed, so a client cannot change it. */
interface CallState {
  readonly session: string;
  readonly call: string;
  readonly cellId: string;
  readonly nonce: string;
  readonly leftMs: number;
}

/** How a server is reached. */
export interface ServerTerms {
  readonly era: 'legacy' | 'modern';
  /** Whether cancellations come as requests of their own. Then the end of a connection cancels nothing. */
  readonly hasCancelRequests: boolean;
}

/** One call of a tool, with all that it came with. */
interface FaceCall extends ServerTerms {
  readonly session: FaceSession;
  readonly server: Server;
  readonly params: CallToolRequest['params'];
  readonly context: ServerContext;
}

const OWN_CAPABILITIES = { tools: { listChanged: true }, resources: {} };
const DIRECT_CAPABILITIES = {
  tools: { listChanged: true },
  resources: { listChanged: true },
  prompts: { listChanged: true },
  completions: {},
};
const OWN_CALLS = { exec, wait, cells } as const;

function isOwnTool(name: string): name is keyof typeof OWN_CALLS {
  return Object.hasOwn(OWN_CALLS, name);
}

/** Makes the servers that speak the protocol with clients. One face serves any number of them. */
export class McpFace {
  readonly #version: string;
  readonly #codec = createRequestStateCodec<CallState>({
    key: randomBytes(32),
    ttlSeconds: ANSWER_TTL_S,
    bind: (context) => context.mcpReq.method,
  });

  /** @param version Of this package. */
  constructor(version: string) {
    this.#version = version;
  }

  /** A server for one connection, or for one request over HTTP, that works on a session. */
  serverFor(session: FaceSession, options: ServerTerms): Server {
    const server = new Server(
      { name: 'cellhost', version: this.#version },
      {
        capabilities: session.isDirect ? DIRECT_CAPABILITIES : OWN_CAPABILITIES,
        instructions: session.instructions,
        inputRequired: { maxRounds: MAX_ROUNDS, roundTimeoutMs: NO_TIMEOUT_MS },
        requestState: { verify: this.#codec.verify },
      },
    );
    server.setRequestHandler('tools/list', () => ({ tools: [...session.listTools()] }));
    server.setRequestHandler('tools/call', ({ params }, context) =>
      this.#call({ session, server, params, context, ...options }),
    );
    if (options.hasCancelRequests) {
      server.setNotificationHandler('notifications/cancelled', ({ params: { requestId } }) => {
        if (requestId !== undefined) session.requests.cancel(requestId);
      });
    }
    serveResources(server, session);
    if (session.isDirect) servePrompts(server, session);
    return server;
  }

  async #call(call: FaceCall): Promise<CallToolResult | InputRequiredResult> {
    const { session, server, params, context, era, hasCancelRequests } = call;
    const { name, arguments: args = {} } = params;
    using request = session.requests.begin(context.mcpReq.id);
    const signal = hasCancelRequests ? request.signal : context.mcpReq.signal;
    const terms = { signal, spansRounds: era === 'legacy', tellsProgress: isOwnTool(name) };
    using caller = callerOf(server, context, terms);
    if (!isOwnTool(name)) return await this.#callDirect(call, caller);
    try {
      const { code, remarks } = await session.open(name, caller.signal);
      const resumed = this.#resumed(session, params, context);
      const answer = await OWN_CALLS[name](code, { args, caller, remarks, resumed });
      return await this.#result(session, params, answer, context);
    } catch (error) {
      if (caller.signal.aborted) throw error;
      return failure(error instanceof Error ? error.message : String(error));
    }
  }

  #resumed(
    session: FaceSession,
    params: CallToolRequest['params'],
    { mcpReq }: ServerContext,
  ): ModelCall['resumed'] {
    const state = mcpReq.requestState<CallState>();
    if (state === undefined) return undefined;
    if (state.session !== session.key || state.call !== digest(params)) {
      throw new Error('Cannot take these answers: they belong to another call');
    }
    const { cellId, nonce, leftMs } = state;
    return { cellId, nonce, leftMs, answers: mcpReq.inputResponses ?? {} };
  }

  async #result(
    session: FaceSession,
    params: CallToolRequest['params'],
    answer: ModelAnswer,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult> {
    if (answer.type === 'content') {
      const content = toContentBlocks(answer.items);
      return answer.isError ? { content, isError: true } : { content };
    }
    const { cellId, round, leftMs } = answer;
    return this.#ask(session, params, { cellId, round, leftMs }, context);
  }

  async #callDirect(
    { session, params, context }: FaceCall,
    caller: Caller,
  ): Promise<CallToolResult | InputRequiredResult> {
    const { name, arguments: args = {} } = params;
    const route = await session.directTool(name, caller.signal);
    if (route === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${name} not found`);
    }
    try {
      const resumed = this.#resumed(session, params, context);
      const { directCalls } = session;
      const answer = resumed
        ? await directCalls.answer(resumed.cellId, resumed, caller)
        : await directCalls.start(route, args, caller, progressTo(context));
      if (answer === null) return failure('Cannot take these answers: they were given before');
      if (answer.type === 'result') return answer.result as CallToolResult;
      const { callId: cellId, round } = answer;
      return await this.#ask(session, params, { cellId, round, leftMs: 0 }, context);
    } catch (error) {
      if (error instanceof CodeModeError) return failure(error.message);
      throw passable(error);
    }
  }

  /** Asks the client to put questions to a person, and to repeat the call with the answers. */
  async #ask(
    session: FaceSession,
    params: CallToolRequest['params'],
    asked: { readonly cellId: string; readonly round: QuestionRound; readonly leftMs: number },
    context: ServerContext,
  ): Promise<InputRequiredResult> {
    const { cellId, round, leftMs } = asked;
    const { nonce } = round;
    const state = { session: session.key, call: digest(params), cellId, nonce, leftMs };
    const inputRequests = [...round.questions].map(([key, question]) => {
      return [key, { method: 'elicitation/create', params: question }] as const;
    });
    return inputRequired({
      inputRequests: Object.fromEntries(inputRequests),
      requestState: await this.#codec.mint(state, context),
    });
  }
}

/** What must be the same when a call is repeated. */
function digest({ name, arguments: args }: CallToolRequest['params']): string {
  return createHash('sha256')
    .update(JSON.stringify([name, args]))
    .digest('base64url');
}

function failure(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}
