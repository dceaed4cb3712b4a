import type { Entry } from './page.ts';

/** The entry points of the package. */
export const ENTRIES: readonly Entry[] = [
  {
    name: 'cellhost',
    source: 'sandbox/cellhost.ts',
    page: 'cellhost.md',
    about:
      'Sessions in this process, the sandbox processes that run their cells, and the text that describes tools to a model.',
  },
  {
    name: 'cellhost/ai-sdk',
    source: 'host/adapters/ai-sdk.ts',
    page: 'ai-sdk.md',
    about: 'Code mode for the AI SDK. It needs the package `ai` beside this one.',
  },
  {
    name: 'cellhost/openai-agents',
    source: 'host/adapters/openai-agents.ts',
    page: 'openai-agents.md',
    about:
      'Code mode for the OpenAI Agents SDK. It needs the package `@openai/agents` beside this one.',
  },
  {
    name: 'cellhost/langchain',
    source: 'host/adapters/langchain.ts',
    page: 'langchain.md',
    about: 'Code mode for LangChain. It needs the package `@langchain/core` beside this one.',
  },
  {
    name: 'cellhost/host',
    source: 'host/index.ts',
    page: 'host.md',
    about: 'Sessions in other processes: clients, hosts, transports and the session layer.',
  },
  {
    name: 'cellhost/isolate',
    source: 'sandbox/index.ts',
    page: 'isolate.md',
    about:
      'A sandbox of isolates in this process. It loads native code, and a hostile cell can end the process: see [security](../security.md).',
  },
  {
    name: 'cellhost/mcp-tools',
    source: 'host/mcp/mcp-tools.ts',
    page: 'mcp-tools.md',
    about: 'The tools of MCP servers, for the `tools` and the delegate of a session.',
  },
];
