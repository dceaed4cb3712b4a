// A server over HTTP that has what the conformance suite calls by name. Prints its address.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  completable,
  createMcpHandler,
  createRequestStateCodec,
  inputRequired,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';

const text = (value) => ({ type: 'text', text: value });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const embedded = (uri, value) => ({
  type: 'resource',
  resource: { uri, mimeType: 'text/plain', text: value },
});
const user = (content) => ({ messages: [{ role: 'user', content }] });
const form = (message, name) =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: 'object',
      properties: { [name]: { type: 'string' } },
      required: [name],
    },
  });

const codec = createRequestStateCodec({ key: randomBytes(32), ttlSeconds: 600 });
const ask = async (context, key, message, state) =>
  inputRequired({
    inputRequests: { [key]: form(message, key) },
    requestState: await codec.mint(state, context),
  });

/** Tools that ask before they answer, with a state that nobody else can make. */
function addAskingTools(tool) {
  const done = (value) => ({ content: [text(value)] });
  for (const name of ['request_state', 'tampered_state']) {
    tool(`test_input_required_result_${name}`, async (context) => {
      const isRepeated = context.mcpReq.requestState()?.step === 'asked';
      return isRepeated ? done('state-ok') : ask(context, 'confirm', 'Sure?', { step: 'asked' });
    });
  }
  tool('test_streaming_elicitation', async (context) => {
    const isAnswered = context.mcpReq.requestState() !== undefined;
    return isAnswered ? done('answered') : ask(context, 'name', 'Your name?', { step: 'asked' });
  });
  // Nobody who calls it can sample.
  tool('test_missing_capability', async () => {
    const content = text('Say hello');
    const params = { messages: [{ role: 'user', content }], maxTokens: 10 };
    return inputRequired({
      inputRequests: { greeting: { method: 'sampling/createMessage', params } },
    });
  });
  tool('test_input_required_result_multi_round', async (context) => {
    const { step } = context.mcpReq.requestState() ?? {};
    if (step === undefined) return ask(context, 'step1', 'Step 1: your name?', { step: 'name' });
    if (step === 'name') return ask(context, 'step2', 'Step 2: a color?', { step: 'color' });
    return done('both steps were answered');
  });
}

function addTools(server) {
  const tool = (name, run, inputSchema) =>
    server.registerTool(name, { description: name, ...(inputSchema && { inputSchema }) }, run);
  addAskingTools(tool);
  const fixed = (name, ...content) => tool(name, async () => ({ content }));
  fixed('test_simple_text', text('This is a simple text response for testing.'));
  // It logs nothing, whoever asks.
  fixed('test_logging_tool', text('done'));
  fixed('test_image_content', image);
  fixed('test_audio_content', { type: 'audio', data: WAV, mimeType: 'audio/wav' });
  fixed('test_embedded_resource', embedded('test://embedded-resource', 'An embedded resource.'));
  fixed(
    'test_multiple_content_types',
    text('Several kinds of content:'),
    image,
    embedded('test://mixed-content-resource', '{"test":"data","value":123}'),
  );
  tool('test_error_handling', async () => ({
    content: [text('It failed on purpose')],
    isError: true,
  }));
  tool('test_tool_with_progress', async (context) => {
    const { progressToken } = context.mcpReq._meta ?? {};
    for (const progress of [0, 50, 100]) {
      if (progressToken === undefined) break;
      const params = { progressToken, progress, total: 100 };
      await context.mcpReq.notify({ method: 'notifications/progress', params });
    }
    return { content: [text('done')] };
  });
  tool('test_input_required_result_elicitation', async ({ mcpReq }) => {
    const answer = mcpReq.inputResponses?.user_name;
    if (answer?.action === 'accept') return { content: [text(`Hello, ${answer.content?.name}!`)] };
    return inputRequired({ inputRequests: { user_name: form('What is your name?', 'name') } });
  });
  tool(
    'test_elicitation',
    async ({ message }, { mcpReq }) => {
      const answer = mcpReq.inputResponses?.response;
      if (answer !== undefined)
        return { content: [text(`User response: ${JSON.stringify(answer)}`)] };
      return inputRequired({ inputRequests: { response: form(message, 'response') } });
    },
    z.object({ message: z.string() }),
  );
}

function addResources(server) {
  const readText = (uri, value) => ({ contents: [{ uri, mimeType: 'text/plain', text: value }] });
  server.registerResource('static-text', 'test://static-text', { mimeType: 'text/plain' }, (uri) =>
    readText(uri.href, 'The content of the static text resource.'),
  );
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { mimeType: 'image/png' },
    (uri) => ({
      contents: [{ uri: uri.href, mimeType: 'image/png', blob: PNG }],
    }),
  );
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, {}, (uri, { id }) => {
    if (id === undefined) throw new ResourceNotFoundError(uri.href);
    return readText(
      uri.href,
      JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    );
  });
}

function addPrompts(server) {
  server.registerPrompt('test_simple_prompt', { description: 'Says something' }, () =>
    user(text('A simple prompt for testing.')),
  );
  const argument = () => completable(z.string(), (value) => [`${value}-one`, `${value}-two`]);
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Names its arguments',
      argsSchema: z.object({ arg1: argument(), arg2: argument() }),
    },
    ({ arg1, arg2 }) => user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Embeds a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => user(embedded(resourceUri, 'An embedded resource.')),
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks first' },
    async ({ mcpReq }) => {
      const action = mcpReq.inputResponses?.user_context?.action;
      if (action === 'accept') return user(text('Thanks.'));
      if (action !== undefined) {
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'nobody said what it is about');
      }
      const user_context = form('What is it about?', 'context');
      return inputRequired({ inputRequests: { user_context } });
    },
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Shows an image' }, () =>
    user(image),
  );
}

const handler = toNodeHandler(
  createMcpHandler(() => {
    const server = new McpServer(
      { name: 'conformance-fixture', version: '1' },
      { requestState: { verify: codec.verify } },
    );
    addTools(server);
    addResources(server);
    addPrompts(server);
    return server;
  }),
);
const listener = createServer((request, response) => void handler(request, response));
listener.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${listener.address().port}/mcp\n`);
});
