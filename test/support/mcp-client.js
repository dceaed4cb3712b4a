// A client of `cellhost mcp` that runs the programs it is given and never leaves by itself. Prints
// "running" when all of them run.
//   node mcp-client.js LAUNCHER CONFIG SOURCE...
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [launcher, config, ...sources] = process.argv.slice(2);
const client = new Client({ name: 'test', version: '1' });
const args = [launcher, 'mcp', '--config', config];
await client.connect(new StdioClientTransport({ command: process.execPath, args }));
for (const source of sources) {
  const { content } = await client.callTool({ name: 'exec', arguments: { source } });
  if (!content[0].text.startsWith('Script running')) throw new Error(content[0].text);
}
process.stdout.write('running\n');
