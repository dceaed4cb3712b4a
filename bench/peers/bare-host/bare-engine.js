// Runs the cells of the bare host: each in a context of its own, all in one isolate, on this thread.
// It speaks as much of protocol version 1 as the benches use.
import ivm from 'isolated-vm';

const PREFIX_BYTES = 4;

// Values are written and parsed once, in the isolate; here they are text.
const HELPERS = `
  const [send, ids] = [$0, $1];
  const pending = new Map();
  const items = [];
  let cell = '', sessionId = '';
  const answer = (error_text) => {
    const value = { Result: { cell_id: cell, content_items: items, error_text } };
    send(JSON.stringify({ type: 'execute/initialResponse', id: Number(cell), result: { status: 'ok', value } }), true);
  };
  globalThis.tools = new Proxy({}, { get: (_, name) => (input) => new Promise((resolve) => {
    const id = ids();
    pending.set(id, resolve);
    const invocation = { cell_id: cell, runtime_tool_call_id: 'tool-' + id, tool_kind: 'function',
      tool_name: { name, namespace: null }, input };
    send(JSON.stringify({ type: 'delegate/request', id, sessionId, request: { type: 'tool/invoke', invocation } }), false, id);
  }) });
  globalThis.text = (value) => void items.push({ type: 'input_text', text: String(value) });
  globalThis.run = (session, id, program) => {
    [sessionId, cell] = [session, id];
    program().then(() => answer(null), (error) => answer(String(error)));
  };
  return (frame) => {
    const { id, result } = JSON.parse(frame);
    const resolve = pending.get(id);
    pending.delete(id);
    resolve(result.value.result);
  };`;

const isolate = new ivm.Isolate({ memoryLimit: 128 });
/** By the ids of calls. @type {Map<number, ivm.Reference<Function>>} */
const waiting = new Map();
/** What this turn has sent. @type {string[]} */
let unsent = [];
let lastCall = 0;
let next = makeContext();

/** @param {string} text */
function perform(text) {
  if (text.startsWith('{"type":"delegate/response"')) {
    const id = Number(text.slice(text.indexOf('"id":') + 5, text.indexOf(',', 28)));
    waiting.get(id)?.applySync(undefined, [text]);
    waiting.delete(id);
    return;
  }
  const { id, request } = JSON.parse(text);
  const accept = (/** @type {object} */ value) =>
    send(JSON.stringify({ type: 'operation/response', id, result: { status: 'ok', value } }));
  if (request.method === 'session/execute') {
    accept({ type: 'cell/started', cellId: String(id) });
    start(request.sessionId, String(id), request.request.source);
  } else accept({ type: 'session/ready' });
}

/** @param {string} sessionId @param {string} cell @param {string} source */
function start(sessionId, cell, source) {
  const { context, deliver, wiring } = next ?? makeContext();
  next = null;
  wiring.send = (text, isEnd, call) => {
    send(text);
    if (call !== undefined) waiting.set(call, deliver);
    if (!isEnd) return;
    send(JSON.stringify({ type: 'cell/closed', sessionId, cellId: cell }));
    setImmediate(() => {
      deliver.release();
      context.release();
      next ??= makeContext();
    });
  };
  context.evalSync(`run(${JSON.stringify(sessionId)}, '${cell}', async () => {${source}\n})`);
}

function makeContext() {
  const context = isolate.createContextSync();
  /** @type {{ send: (text: string, isEnd: boolean, call?: number) => void }} */
  const wiring = { send: () => {} };
  const ids = new ivm.Callback(() => (lastCall += 1), { sync: true });
  const sending = new ivm.Callback((...args) => wiring.send(...args), { sync: true });
  const deliver = context.evalClosureSync(HELPERS, [sending, ids], { result: { reference: true } });
  return { context, deliver, wiring };
}

/** @param {string} text */
function send(text) {
  if (unsent.push(text) === 1) process.nextTick(flush);
}

function flush() {
  const texts = unsent;
  unsent = [];
  const length = texts.reduce((sum, text) => sum + PREFIX_BYTES + Buffer.byteLength(text), 0);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const text of texts) {
    const size = bytes.write(text, at + PREFIX_BYTES);
    bytes.writeUInt32LE(size, at);
    at += PREFIX_BYTES + size;
  }
  process.stdout.write(bytes);
}

/** What has come since of a frame that is longer than a chunk. @type {Buffer[]} */
let parts = [];
let missing = 0;

process.stdin.on('data', (chunk) => {
  parts.push(chunk);
  missing -= chunk.length;
  if (missing > 0) return;
  const rest = parts.length === 1 ? chunk : Buffer.concat(parts);
  let at = 0;
  missing = 0;
  while (rest.length - at >= PREFIX_BYTES) {
    const end = at + PREFIX_BYTES + rest.readUInt32LE(at);
    missing = end - rest.length;
    if (missing > 0) break;
    perform(rest.toString('utf8', at + PREFIX_BYTES, end));
    at = end;
  }
  parts = at < rest.length ? [rest.subarray(at)] : [];
});
