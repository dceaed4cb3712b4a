import { Host, SessionBuilder, spawnHost, streamTransport } from '../host/index.ts';

// A host on standard streams that runs nothing itself. It forwards sessions to another host, and adds
// the tool `what_time_is_it` to each. Everything else passes unchanged. `proxy-client.ts` uses it.

const behind = await spawnHost();

const proxy = new Host({
  open: ({ delegate, options, signal }) =>
    new SessionBuilder({ ...options, host: behind, assigned: true, signal })
      .withTool(
        { name: 'what_time_is_it', description: 'Tells the time, as an ISO date.' },
        () => process.env.TIME ?? new Date().toISOString(),
      )
      .startProxy(delegate),
});

// Ends when the client closes the streams.
await proxy.serve(streamTransport('client', process.stdin, process.stdout));
for (const error of await behind.stop()) console.error(error.message);
