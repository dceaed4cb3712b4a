import { HostClient, SessionBuilder, spawnHost } from '../../host/index.ts';
import { memoryTransports } from '../../host/transports/memory-transport.ts';
import { EVERYTHING } from './mcp-servers.ts';
import { ScriptedHost } from './scripted-host.ts';

// Run by a test, which checks that this process exits by itself when its clients have stopped.

const client = await spawnHost();
const session = await new SessionBuilder({ host: client, assigned: true })
  .withMcpServer('everything', { command: EVERYTHING })
  .withTool({ name: 'never', description: '' }, () => new Promise(() => {}))
  .start();
await session.sendPrompt('await tools.never()');
const errors = await client.stop();

const [here, there] = memoryTransports();
const deaf = new ScriptedHost(there);
const other = await HostClient.connect(here);
const starting = new SessionBuilder({ host: other, assigned: true }).start();
deaf.created((await deaf.next()).id, 'deaf');
await starting;
const late = await other.stop({ deadlineMs: 50 });
console.log(JSON.stringify([errors, late.map(({ message }) => message)]));
