import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HostClient } from '../../../host/client/host-client.ts';
import { connect } from '../../../host/client/spawn-host.ts';
import { CodeModeError } from '../../../src/errors.ts';
import type { Session } from '../../../src/session.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ServedHost, withDescriptors } from '../../support/served-host.ts';

const STARVED = fileURLToPath(new URL('../../support/starved-client.ts', import.meta.url));
/** A host takes less than half of them for itself and a sandbox process. */
const DESCRIPTORS = 64;
const CLIENTS = 80;

async function openSession(client: HostClient): Promise<Session> {
  return client.openSession({ delegate: new ScriptedDelegate() });
}

async function assertRuns(session: Session): Promise<void> {
  const { first } = await session.execute({ source: `text('alive')` });
  assert.deepEqual((await first).items, [{ type: 'input_text', text: 'alive' }]);
}

/** Resolves when the host has a descriptor for us again: it closes those of old clients in its own time. */
async function connectAgain(url: string): Promise<HostClient> {
  for (;;) {
    try {
      return await connect(url);
    } catch (error) {
      assertLost(error);
    }
  }
}

function assertLost(error: unknown): void {
  assert.ok(error instanceof CodeModeError, String(error));
  assert.equal(error.code, 'connection_lost');
}

describe('A host with few descriptors', { concurrency: 3 }, () => {
  for (const listen of [undefined, 'tcp:127.0.0.1:0', 'ws://127.0.0.1:0']) {
    const kind = listen?.split(':', 1)[0] ?? 'unix';

    it(`turns clients away over ${kind} while none is left, serves the others, and takes clients again`, async () => {
      const where = listen === undefined ? {} : { listen };
      await using host = await ServedHost.start({ ...where, descriptors: DESCRIPTORS });
      const first = await connect(host.url);
      const session = await openSession(first);
      await assertRuns(session);
      const attempts = Array.from({ length: CLIENTS }, () => connect(host.url));
      const crowd = await Promise.allSettled(attempts);
      const inside = crowd.filter((each) => each.status === 'fulfilled').map(({ value }) => value);
      const outside = crowd.filter((each) => each.status === 'rejected');
      assert.ok(inside.length > 0 && inside.length < DESCRIPTORS, `${inside.length} came in`);
      for (const { reason } of outside) assertLost(reason);
      await assertRuns(session);
      await Promise.all(inside.map((client) => client.close()));
      const again = await connectAgain(host.url);
      await assertRuns(await openSession(again));
      await Promise.all([first.close(), again.close()]);
      assert.deepEqual(await host.end(), { code: 0, signal: null, words: '' });
    });
  }
});

/** What `starved-client.ts` prints. */
interface Outcomes {
  readonly enough: readonly string[];
  readonly none: readonly (readonly string[])[];
  readonly again: readonly string[];
}

describe('A client with few descriptors', () => {
  it('is told that it cannot start hosts and tool servers while none is left, and starts them again', async () => {
    const own = [process.execPath, '--disable-warning=ExperimentalWarning', STARVED];
    const [shell, ...args] = withDescriptors(100, own);
    const { stdout } = await promisify(execFile)(shell!, args, { timeout: 60_000 });
    const { enough, none, again } = JSON.parse(stdout) as Outcomes;
    const both = ['started', 'started'];
    assert.deepEqual([enough, again], [both, both]);
    assert.ok(none.length > 0);
    for (const [host, server] of none) {
      assert.match(host!, /^CodeModeError: failed to spawn code-mode host .* EMFILE$/);
      assert.match(server!, /^CodeModeError: Cannot start tool server "ugly": .* EMFILE$/);
    }
  });
});
