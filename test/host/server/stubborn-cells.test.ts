import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import type { RemoteSession } from '../../../host/remote/remote-session.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import type { Transport } from '../../../host/wire/transport.ts';
import { CONTRACT_TOOLS, LONG } from '../../contract/session-setup.ts';
import { brief } from '../../support/events.ts';
import { isSettled, never, settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { v1Only } from '../../support/v1-only.ts';
import { hostOf } from '../../support/v1-peer.ts';

const SESSIONS = 4;
const CELLS = 50;

/** Sessions full of cells whose callbacks do not stop; only the test moves the clock. */
async function setUp(t: TestContext, client: (transport: Transport) => Transport) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { host } = hostOf();
  const [here, there] = memoryTransports();
  const ended = host.serve(there);
  const connected = await HostClient.connect(client(here));
  const delegate = new ScriptedDelegate();
  delegate.onTool = () => never();
  const sessions = await Promise.all(
    Array.from({ length: SESSIONS }, () =>
      connected.openSession({ delegate, tools: CONTRACT_TOOLS }),
    ),
  );
  const cells = await Promise.all(sessions.map(fill));
  while (delegate.calls.length < SESSIONS * CELLS) await settled();
  return { host, ended, client: connected, sessions, delegate, firsts: cells.flat() };
}

async function fill(session: RemoteSession) {
  const cells = Array.from({ length: CELLS }, () =>
    session.execute({ source: 'tool', observe: LONG }),
  );
  return (await Promise.all(cells)).map(({ first }) => first);
}

/** The ways to end them all, each with what it resolves with. */
const ways: Record<string, (made: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>> = {
  'terminating each': ({ sessions }) =>
    Promise.all(
      sessions.flatMap((session) =>
        Array.from({ length: CELLS }, (_, n) => session.terminate(String(n + 1))),
      ),
    ),
  'closing their sessions': ({ sessions }) =>
    Promise.all(sessions.map((session) => session.close())),
  'closing their client': ({ client }) => client.close(),
  'closing their host': ({ host }) => host.close(),
};

describe('Many cells whose callbacks do not stop, over the wire', () => {
  for (const [way, end] of Object.entries(ways)) {
    it(`end after one deadline of 100 ms: ${way}`, async (t) => {
      const made = await setUp(t, (transport) => transport);
      const over = end(made);
      // Some turns for the way there and back.
      for (let n = 0; n < 20; n += 1) await settled();
      t.mock.timers.tick(99);
      for (let n = 0; n < 20; n += 1) await settled();
      assert.equal(await isSettled(Promise.race([over, ...made.firsts])), false);
      t.mock.timers.tick(1);
      await over;
      for (const first of made.firsts) assert.equal(brief(await first), 'terminated');
      await made.client.close();
    });

    it(`end at once if the client only speaks version 1: ${way}`, async (t) => {
      const made = await setUp(t, v1Only);
      await end(made);
      for (const first of made.firsts) assert.equal(brief(await first), 'terminated');
      await made.client.close();
    });
  }
});
