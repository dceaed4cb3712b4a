import {
  type GetPromptResult,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
} from '@modelcontextprotocol/server';
import type { AskedRequests } from './asked-requests.ts';
import type { DirectWork } from './direct-calls.ts';
import { ANSWERED_BEFORE, answerDirect, type FaceRequest } from './direct-requests.ts';
import type { DirectServers } from './direct-servers.ts';
import { isOutputUri, listOutputs, OUTPUT_TEMPLATE, readOutput } from './output-resources.ts';

/** What all requests of a connection have in common. */
type Connection = Omit<FaceRequest, 'identity' | 'context'>;

/** Serves the outputs of cells as resources, and those of nested servers if clients get them. */
export function serveResources(connection: Connection, asked: AskedRequests): void {
  const { server, session } = connection;
  server.setRequestHandler('resources/list', async (_, { mcpReq }) => {
    const own = listOutputs(session);
    if (!session.isDirect) return { resources: own };
    const direct = await session.directServers(mcpReq.signal);
    return { resources: [...own, ...(await direct.resources())] };
  });
  server.setRequestHandler('resources/templates/list', async (_, { mcpReq }) => {
    if (!session.isDirect) return { resourceTemplates: [OUTPUT_TEMPLATE] };
    const direct = await session.directServers(mcpReq.signal);
    return { resourceTemplates: [OUTPUT_TEMPLATE, ...(await direct.resourceTemplates())] };
  });
  server.setRequestHandler('resources/read', async ({ params: { uri } }, context) => {
    if (isOutputUri(uri) || !session.isDirect) return readOutput(session, uri);
    const request = { ...connection, identity: uri, context };
    return fromDirect<ReadResourceResult>(request, asked, (direct, ...work) =>
      direct.read(uri, ...work),
    );
  });
}

/** Serves the prompts of nested servers, and what completes their arguments. */
export function servePrompts(connection: Connection, asked: AskedRequests): void {
  const { server, session } = connection;
  server.setRequestHandler('prompts/list', async (_, { mcpReq }) => {
    const direct = await session.directServers(mcpReq.signal);
    return { prompts: await direct.prompts() };
  });
  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const identity = [params.name, params.arguments];
    const request = { ...connection, identity, context };
    return fromDirect<GetPromptResult>(request, asked, (direct, ...work) =>
      direct.prompt(params, ...work),
    );
  });
  server.setRequestHandler('completion/complete', async ({ params }, { mcpReq }) => {
    const direct = await session.directServers(mcpReq.signal);
    return direct.complete(params, mcpReq.signal);
  });
}

/** Has nested servers answer; they may ask a person first. */
async function fromDirect<T>(
  request: FaceRequest,
  asked: AskedRequests,
  work: (direct: DirectServers, ...terms: Parameters<DirectWork>) => Promise<T>,
): Promise<T | InputRequiredResult> {
  const { session } = request;
  const result = await answerDirect<T>(request, asked, async (caller) => {
    const direct = await session.directServers(caller.signal);
    return session.directCalls.start(caller, (...terms) => work(direct, ...terms));
  });
  if (result !== null) return result;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, ANSWERED_BEFORE);
}
