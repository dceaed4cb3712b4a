import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { NestedServers } from '../../../host/mcp/nested-servers.ts';
import { type CallResult, toolCall } from '../../support/mcp-servers.ts';

const never = new AbortController().signal;

/** A server of an older revision over HTTP, whose sessions can be forgotten. */
async function forgetfulServer() {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const http = createServer(async (request, response) => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (id !== undefined && known === undefined) return void response.writeHead(404).end();
    const transport = known ?? (await openSession(sessions));
    await transport.handleRequest(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    forget: () => sessions.clear(),
    [Symbol.asyncDispose]: async () => {
      http.close();
      http.closeAllConnections();
    },
  };
}

async function openSession(sessions: Map<string, NodeStreamableHTTPServerTransport>) {
  const server = new McpServer({ name: 'forgetful', version: '1' });
  server.registerTool('echo', {}, async () => ({ content: [{ type: 'text', text: 'hello' }] }));
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  await server.connect(transport);
  return transport;
}

describe('A nested server over HTTP', () => {
  it('is connected to again when it no longer knows the session', async () => {
    await using server = await forgetfulServer();
    let onChanged = () => {};
    await using nested = new NestedServers(
      { mcpServers: { web: { url: server.url } } },
      { onChanged: () => onChanged() },
    );
    nested.start();
    await nested.settled();
    const call = async () =>
      (await nested.call(toolCall('mcp__web__echo', {}), never)) as CallResult;
    assert.deepEqual((await call()).content, [{ type: 'text', text: 'hello' }]);
    server.forget();
    await assert.rejects(call(), { code: 'tool_server_failed' });
    await new Promise<void>((resolve) => {
      onChanged = () => nested.servers[0]?.problem === undefined && resolve();
      onChanged();
    });
    assert.deepEqual((await call()).content, [{ type: 'text', text: 'hello' }]);
  });
});
