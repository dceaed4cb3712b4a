// A tool server whose tool "answer" answers after as many milliseconds as its argument says.
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  const reply = (result) => {
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
  };
  if (method === 'initialize') {
    const { protocolVersion } = params;
    const serverInfo = { name: 'answering', version: '1' };
    reply({ protocolVersion, capabilities: { tools: {} }, serverInfo });
  } else if (method === 'tools/list') {
    reply({ tools: [{ name: 'answer', inputSchema: { type: 'object' } }] });
  } else if (method === 'tools/call') {
    const { number, afterMs } = params.arguments;
    const answer = () => reply({ content: [{ type: 'text', text: String(number) }] });
    if (afterMs > 0) setTimeout(answer, afterMs);
    else answer();
  }
}
