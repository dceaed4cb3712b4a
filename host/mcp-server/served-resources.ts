import type { Server } from '@modelcontextprotocol/server';
import { passingErrors } from './direct-servers.ts';
import type { FaceSession } from './face-session.ts';
import { isOutputUri, listOutputs, OUTPUT_TEMPLATE, readOutput } from './output-resources.ts';

/** Serves the outputs of cells as resources, and those of nested servers if clients get them. */
export function serveResources(server: Server, session: FaceSession): void {
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
  server.setRequestHandler('resources/read', async ({ params: { uri } }, { mcpReq }) => {
    if (isOutputUri(uri) || !session.isDirect) return readOutput(session, uri);
    const direct = await session.directServers(mcpReq.signal);
    return passingErrors(direct.read(uri, mcpReq.signal));
  });
}

/** Serves the prompts of nested servers, and what completes their arguments. */
export function servePrompts(server: Server, session: FaceSession): void {
  server.setRequestHandler('prompts/list', async (_, { mcpReq }) => {
    const direct = await session.directServers(mcpReq.signal);
    return { prompts: await direct.prompts() };
  });
  server.setRequestHandler('prompts/get', async ({ params }, { mcpReq }) => {
    const direct = await session.directServers(mcpReq.signal);
    return direct.prompt(params, mcpReq.signal);
  });
  server.setRequestHandler('completion/complete', async ({ params }, { mcpReq }) => {
    const direct = await session.directServers(mcpReq.signal);
    return direct.complete(params, mcpReq.signal);
  });
}
