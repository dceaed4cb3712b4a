import {
  type CallToolRequest,
  type CallToolResult,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import { CodeModeError, messageOf } from '../../src/errors.ts';
import { NO_TIMEOUT_MS } from '../mcp/no-timeout.ts';
import { AskedRequests } from './asked-requests.ts';
import { toContentBlocks } from './content-blocks.ts';
import {
  ANSWERED_BEFORE,
  answerDirect,
  type FaceRequest,
  openCaller,
  type ServerTerms,
} from './direct-requests.ts';
import type { FaceSession } from './face-session.ts';
import type { Caller } from './live-cell.ts';
import { cells, exec, wait } from './model-calls.ts';
import { progressTo } from './request-caller.ts';
import { servePrompts, serveResources } from './served-resources.ts';

/** Rounds of questions that one call may take where the server itself puts them to the client. */
const MAX_ROUNDS = 10_000;
/** One call of a tool, with all that it came with. */
interface FaceCall extends FaceRequest {
  readonly params: CallToolRequest['params'];
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
  readonly #asked = new AskedRequests();

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
        requestState: { verify: this.#asked.verify },
      },
    );
    server.setRequestHandler('tools/list', () => ({ tools: [...session.listTools()] }));
    const terms = { session, server, ...options };
    server.setRequestHandler('tools/call', ({ params }, context) => {
      const identity = [params.name, params.arguments];
      return this.#call({ params, identity, context, ...terms });
    });
    if (options.hasCancelRequests) {
      server.setNotificationHandler('notifications/cancelled', ({ params: { requestId } }) => {
        if (requestId !== undefined) session.requests.cancel(requestId);
      });
    }
    serveResources(terms, this.#asked);
    if (session.isDirect) servePrompts(terms, this.#asked);
    return server;
  }

  async #call(call: FaceCall): Promise<CallToolResult | InputRequiredResult> {
    const { session, params } = call;
    const { name, arguments: args = {} } = params;
    if (!isOwnTool(name)) return await this.#callDirect(call);
    using caller = openCaller(call, true);
    try {
      const { code, remarks } = await session.open(name, caller.signal);
      const resumed = this.#asked.resumed(call);
      const answer = await OWN_CALLS[name](code, { args, caller, remarks, resumed });
      if (answer.type === 'questions') return await this.#asked.ask(call, answer);
      const content = toContentBlocks(answer.items);
      return answer.isError ? { content, isError: true } : { content };
    } catch (error) {
      if (caller.signal.aborted) throw error;
      return failure(messageOf(error));
    }
  }

  async #callDirect(call: FaceCall): Promise<CallToolResult | InputRequiredResult> {
    const { session, params, context } = call;
    const { name, arguments: args = {} } = params;
    const start = async (caller: Caller) => {
      const route = await session.directTool(name, caller.signal);
      if (route !== undefined) {
        return session.directCalls.call(route, args, caller, progressTo(context));
      }
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${name} not found`);
    };
    try {
      const result = await answerDirect<CallToolResult>(call, this.#asked, start);
      return result ?? failure(ANSWERED_BEFORE);
    } catch (error) {
      if (error instanceof CodeModeError) return failure(error.message);
      throw error;
    }
  }
}

function failure(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}
