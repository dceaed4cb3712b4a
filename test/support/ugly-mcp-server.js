// A tool server that speaks as much MCP as the tests need, and misbehaves as its argument says:
//   well            does not
//   dies-at-start   writes to standard error and exits with code 3
//   silent          never answers anything
//   stubborn        ignores the end of its input and SIGTERM
//   with-child      starts a process of its own that would outlive it
//   chatty          writes lines to standard output that are no messages
//   pages           lists its tools one a page
//   no-tools        has no tools at all
//   grows           gets a tool more, and says so, when its tool "grow" is called
//   asks            asks the user when its tool "ask" is called, and answers with what came back
//   malformed       gives its tool "malformed" a result that is none
//   bad-schemas     lists tools with schemas that nobody can use
//   deep-schemas    lists them with one that is nested too deep to be read
//   bad-bytes       gives its tool "bytes" a result that is not UTF-8, and one that is no JSON
//   slow            answers nothing for 20 s
//   huge            lists 3,000 tools more, and one whose answer is as long as it is told
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [behaviour] = process.argv.slice(2);
const TOOLS = [
  'echo',
  'die',
  'hang',
  'cancelled',
  'fail',
  'refuse',
  'pid',
  'same-name',
  'same_name',
];
if (behaviour === 'grows') TOOLS.push('grow');
if (behaviour === 'asks') TOOLS.push('ask');
if (behaviour === 'malformed') TOOLS.push('malformed');
if (behaviour === 'bad-bytes') TOOLS.push('bytes');
const BAD_SCHEMAS = {
  circular: { type: 'object', properties: { a: { $ref: '#' } } },
  dangling: { type: 'object', properties: { a: { $ref: '#/nowhere' } } },
  nonsense: { type: 'object', properties: { a: { type: 7, enum: 'x', oneOf: null } } },
};
if (behaviour === 'huge') for (let at = 0; at < 3000; at += 1) TOOLS.push(`tool_${at}`);
if (behaviour === 'huge') TOOLS.push('big');
const cancelled = [];
const asked = new Map();

if (behaviour === 'dies-at-start') {
  process.stderr.write(`${'x'.repeat(5000)}\nthe database is not there\n`);
  process.exit(3);
}
if (behaviour === 'stubborn') process.on('SIGTERM', () => {});
if (behaviour === 'stubborn') setInterval(() => {}, 1 << 30);
const child =
  behaviour === 'with-child'
    ? spawn(process.execPath, ['-e', 'setInterval(() => {}, 1 << 30)'], { stdio: 'inherit' })
    : undefined;
if (behaviour === 'chatty') process.stdout.write('listening\n{"not": "a message"}\n\n');

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (behaviour === 'slow') await new Promise((resolve) => setTimeout(resolve, 20_000));
  if (behaviour !== 'silent') answer(message);
}

function answer({ id, method, params, result }) {
  if (method === undefined) return answered(id, result);
  switch (method) {
    case 'initialize':
      return reply(id, {
        protocolVersion: params.protocolVersion,
        capabilities: behaviour === 'no-tools' ? {} : { tools: { listChanged: true } },
        serverInfo: { name: 'ugly', version: '1' },
      });
    case 'tools/list':
      if (/^(bad|deep)-schemas$/.test(behaviour)) return reply(id, { tools: badTools() });
      return reply(id, behaviour === 'pages' ? page(params?.cursor) : { tools: TOOLS.map(toolOf) });
    case 'tools/call':
      return call(id, params);
    case 'notifications/cancelled':
      return cancelled.push(params.requestId);
  }
}

function call(id, { name, arguments: args }) {
  switch (name) {
    case 'die':
      return process.exit(7);
    case 'hang':
      process.stderr.write('hanging\n');
      return undefined;
    case 'cancelled':
      return reply(id, { content: [], structuredContent: { count: cancelled.length } });
    case 'grow':
      TOOLS.push('grown');
      send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
      return reply(id, { content: [] });
    case 'ask': {
      const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } };
      asked.set(`q${id}`, id);
      const params = { message: 'Who are you?', requestedSchema };
      return send({ jsonrpc: '2.0', id: `q${id}`, method: 'elicitation/create', params });
    }
    case 'bytes': {
      const text = JSON.stringify({
        jsonrpc: '2.0',
        id,
        result: { content: [{ type: 'text', text: '?' }] },
      });
      process.stdout.write('{"jsonrpc": "2.0", "id":\n');
      return process.stdout.write(withBadByte(Buffer.from(`${text}\n`)));
    }
    case 'malformed':
      return reply(id, { content: 'no list' });
    case 'big':
      return reply(id, { content: [{ type: 'text', text: 'x'.repeat(args.length) }] });
    case 'fail':
      return reply(id, { content: [{ type: 'text', text: 'it failed' }], isError: true });
    case 'refuse':
      return send({ jsonrpc: '2.0', id, error: { code: -32602, message: 'it was refused' } });
    case 'pid':
      return reply(id, { content: [], structuredContent: { pid: process.pid, child: child?.pid } });
    default:
      return reply(id, { content: [], structuredContent: { name, args: args ?? null }, extra: 1 });
  }
}

/** The question mark becomes a byte that no UTF-8 text has. */
function withBadByte(bytes) {
  bytes[bytes.indexOf('?')] = 0xff;
  return bytes;
}

function answered(id, result) {
  reply(asked.get(id), { content: [], structuredContent: result ?? null });
}

function page(cursor = '0') {
  const index = Number(cursor);
  const nextCursor = index + 1 < TOOLS.length ? { nextCursor: String(index + 1) } : {};
  return { tools: [toolOf(TOOLS[index])], ...nextCursor };
}

function badTools() {
  const bad = Object.entries(BAD_SCHEMAS).map(([name, inputSchema]) => ({ name, inputSchema }));
  const deep = `${'{"type":"object","properties":{"a":'.repeat(2000)}{}${'}}'.repeat(2000)}`;
  const deepest = { name: 'deep', inputSchema: JSON.parse(deep) };
  return [...TOOLS.map(toolOf), ...bad, ...(behaviour === 'deep-schemas' ? [deepest] : [])];
}

function toolOf(name) {
  // Nothing that is returned has this shape.
  const outputSchema = { type: 'object', properties: { no: { type: 'string' } }, required: ['no'] };
  return { name, description: `does ${name}`, inputSchema: { type: 'object' }, outputSchema };
}

function reply(id, result) {
  send({ jsonrpc: '2.0', id, result });
}

function send(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
