import { Host, SessionBuilder, spawnHost, streamTransport } from '../host/index.ts';

// A host on standard streams that runs nothing itself. It stands before another host, and adds a
// tool to every session that passes: `what_time_is_it`. Everything else goes through as it is.
// `proxy-client.ts` shows it at work.

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
