// A tool server for runs of real clients. It notes in the file that it is given what happens to it:
// "hanging" when its tool "hang" is called, "cancelled" when a call is cancelled, "ended" when its
// input ends or it is asked to terminate.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [log] = process.argv.slice(2);
const note = (what) => appendFileSync(log, `${what}\n`);
const LONG = `Does nothing. ${'-'.repeat(60_000)}`;
const ALWAYS_LOADED = { 'anthropic/alwaysLoad': true };
const TOOLS = {
  add: 'Adds two numbers',
  fail: 'Fails',
  refuse: 'Is refused',
  hang: 'Does not answer',
  allowed: 'Waits for a decision',
  refused: 'Waits for a decision',
  verbose: LONG,
};

process.on('SIGTERM', () => {
  note('ended');
  process.exit(0);
});

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  const send = (answer) => {
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
  };
  const reply = (result) => send({ result });
  if (method === 'initialize') {
    const { protocolVersion } = params;
    const serverInfo = { name: 'probe', version: '1' };
    reply({ protocolVersion, capabilities: { tools: {} }, serverInfo });
  } else if (method === 'tools/list') {
    const tools = Object.entries(TOOLS).map(([name, description]) => {
      return { name, description, inputSchema: { type: 'object' }, _meta: ALWAYS_LOADED };
    });
    reply({ tools });
  } else if (method === 'tools/call') call(params, reply, send);
  else if (method === 'notifications/cancelled') note('cancelled');
}
note('ended');

function call({ name, arguments: args }, reply, send) {
  const text = (value, isError) => reply({ content: [{ type: 'text', text: value }], isError });
  if (name === 'hang') note('hanging');
  else if (name === 'refuse') send({ error: { code: -32602, message: 'not this time' } });
  else if (name === 'add') text(String(args.a + args.b), false);
  else text(name === 'fail' ? 'it failed' : `${name} was called`, name === 'fail');
}
