import { listen } from '../../../host/transports/listen.ts';

// Sends back what comes over the standard streams, and says on standard error how it ended. `close`
// makes it close, `flood` send 16 MiB and close.
const closeWithinMs = Number(process.argv[2] ?? 5_000);
await listen(
  { type: 'stdio' },
  {
    closeWithinMs,
    onConnection(transport) {
      transport.start({
        message(body) {
          const text = body.toString();
          if (text === 'flood') transport.send('x'.repeat(16 << 20));
          else transport.send(body);
          if (text !== 'echo') void transport.close();
        },
        closed: (error) => console.error(error === null ? 'a good end' : error.message),
      });
    },
  },
);
