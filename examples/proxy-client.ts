import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { SessionBuilder, spawnHost } from '../host/index.ts';

// A client that uses a host through `proxy.ts` without knowing it. It calls its own tool and one that
// only the proxy has.

const proxy = fileURLToPath(new URL('proxy.ts', import.meta.url));
await using host = await spawnHost({
  command: [process.execPath, '--disable-warning=ExperimentalWarning', proxy],
  env: { ...process.env, TIME: '2026-11-21T12:00:00.000Z' },
});

const greeting = await new SessionBuilder({ host, assigned: true })
  .withTool({ name: 'who_is_there', description: 'Tells a name.' }, () => 'Ada')
  .runUntil(async (session) => {
    await session.sendPrompt(`
      const [name, time] = await Promise.all([tools.who_is_there(), tools.what_time_is_it()]);
      text('Hello ' + name + ', it is ' + time);
    `);
    return session.readToString();
  });

console.log(greeting);
assert.equal(greeting, 'Hello Ada, it is 2026-11-21T12:00:00.000Z');
