import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { ReconnectingHostClient } from '../../../host/client/reconnecting-host-client.ts';
import type { RemoteSession } from '../../../host/remote/remote-session.ts';
import { CodeModeError } from '../../../src/errors.ts';
import type { StartedCell } from '../../../src/session.ts';
import { LONG, PENDING } from '../../contract/session-setup.ts';
import { rejectsWith } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedDial } from '../../support/scripted-dial.ts';
import type { ScriptedHost } from '../../support/scripted-host.ts';

const STATE_LOST =
  'Cannot use this session: its host connection was lost, and its cells and stored values with it';

/** A session that can be lost. */
interface Doomed {
  readonly hosts: ScriptedDial;
  readonly host: ScriptedHost;
  readonly client: ReconnectingHostClient;
  readonly session: RemoteSession;
  readonly delegate: ScriptedDelegate;
}

async function setUp(): Promise<Doomed> {
  const hosts = new ScriptedDial();
  const client = new ReconnectingHostClient(hosts.dial);
  const delegate = new ScriptedDelegate();
  const opening = client.openSession({ delegate });
  await hosts.ready(1);
  return { hosts, host: await hosts.host(1), client, session: await opening, delegate };
}

/** Starts a cell without any further messages about it. */
async function started({ host, session }: Doomed): Promise<StartedCell> {
  const starting = session.execute({ source: '', observe: LONG });
  const { id } = await host.next();
  host.answer(id, { type: 'execution/started', cellId: '1' });
  return starting;
}

/** Asks for something, and resolves when the host has read it. */
async function asked<T>({ host }: Doomed, call: () => Promise<T>): Promise<{ call: Promise<T> }> {
  const calling = call();
  calling.catch(() => {});
  await host.next();
  return { call: calling };
}

/** Asserts how a session of a lost host answers every call. */
async function assertLost({ session }: Doomed): Promise<void> {
  const calls = [
    () => session.execute({ source: '' }),
    () => session.observe('1', LONG),
    () => session.observe('1', PENDING),
    () => session.terminate('1'),
    () => session.resume('1', 1),
    () => session.events('1').next(),
    () => session.cells(),
    () => session.values(),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof CodeModeError);
      assert.deepEqual([error.code, error.message], ['state_lost', STATE_LOST]);
      assert.ok(error.cause instanceof CodeModeError);
      assert.equal(error.cause.code, 'connection_lost');
      return true;
    });
  }
}

/** Asserts that the next session is on a new connection, without requests of the old one. */
async function assertGoesOn({ hosts, client, delegate, session }: Doomed): Promise<void> {
  const opening = client.openSession({ delegate });
  await hosts.ready(2);
  const next = await opening;
  assert.deepEqual([session.generation, next.generation], [1, 2]);
  const host = await hosts.host(2);
  assert.deepEqual(
    host.asked.map(({ request }) => request.method),
    ['session/open'],
  );
}

/** What is pending when the host dies, and what the delegate has seen by then. */
const points: Record<string, (doomed: Doomed) => Promise<{ call: Promise<unknown> }>> = {
  'before a cell is admitted': (doomed) =>
    asked(doomed, () => doomed.session.execute({ source: '' })),
  'between the admission of a cell and its first event': async (doomed) => {
    const { first } = await started(doomed);
    return { call: first };
  },
  'while a cell is observed': async (doomed) => {
    await started(doomed);
    return asked(doomed, () => doomed.session.observe('1', LONG));
  },
  'during a tool call': async (doomed) => {
    const { first } = await started(doomed);
    doomed.host.tool(doomed.session.id, '1', 'block');
    await doomed.delegate.saw('1 tool-1 started');
    return { call: first };
  },
  'during a terminate': async (doomed) => {
    await started(doomed);
    return asked(doomed, () => doomed.session.terminate('1'));
  },
  'while events are sent': async (doomed) => {
    await started(doomed);
    return asked(doomed, () => doomed.session.events('1').next());
  },
  'during a list of cells': (doomed) => asked(doomed, () => doomed.session.cells()),
};

describe('A host that dies', () => {
  for (const [point, reach] of Object.entries(points)) {
    it(`${point} fails pending calls with the loss, and later ones with state_lost`, async () => {
      const doomed = await setUp();
      const { call } = await reach(doomed);
      call.catch(() => {});
      await doomed.hosts.lose(1);
      await rejectsWith(call, 'connection_lost');
      await assert.rejects(call, /code-mode host connection closed/);
      await assertLost(doomed);
      await assertGoesOn(doomed);
    });
  }

  it('cancels the callbacks with disconnect, closes each cell once, and drops late results', async () => {
    const doomed = await setUp();
    const { host, session, delegate } = doomed;
    await started(doomed);
    host.tool(session.id, '1', 'stubborn');
    host.notify(session.id, '1', 'block');
    await delegate.saw('1 tool-1 started');
    await delegate.saw('1 note block started');
    await doomed.hosts.lose(1);
    delegate.tools.release('late');
    await settled();
    assert.deepEqual(delegate.log.toSorted(), [
      '1 closed',
      '1 note block cancelled: disconnect',
      '1 note block finished',
      '1 note block started',
      '1 tool-1 cancelled: disconnect',
      '1 tool-1 finished',
      '1 tool-1 started',
    ]);
    await session.close();
    assert.equal(delegate.log.filter((entry) => entry === '1 closed').length, 1);
  });

  it('before it confirms a session fails that session once, and the next one uses a new connection', async () => {
    const hosts = new ScriptedDial();
    const client = new ReconnectingHostClient(hosts.dial, { firstMs: 0 });
    const delegate = new ScriptedDelegate();
    const opening = client.openSession({ delegate });
    await (await hosts.host(1)).next();
    opening.catch(() => {});
    await hosts.lose(1);
    await rejectsWith(opening, 'connection_lost');
    const next = client.openSession({ delegate });
    await hosts.ready(2);
    assert.equal((await next).generation, 2);
    assert.deepEqual(delegate.log, []);
  });

  it('before its first message is dialled again', async () => {
    const hosts = new ScriptedDial();
    const client = new ReconnectingHostClient(hosts.dial, { firstMs: 0 });
    hosts.onDial = ({ generation }) => {
      assert.equal(generation, 1);
      if (hosts.requests.length > 1) return;
      throw new CodeModeError('connection_lost', 'the cable was cut');
    };
    const opening = client.openSession({ delegate: new ScriptedDelegate() });
    await hosts.ready(1);
    assert.equal((await opening).generation, 1);
    assert.equal(hosts.requests.length, 2);
  });

  it('while its session is closed has closed it, and every cell once', async () => {
    const doomed = await setUp();
    await started(doomed);
    const { call } = await asked(doomed, () => doomed.session.close());
    await doomed.hosts.lose(1);
    await call;
    await doomed.session.close();
    assert.deepEqual(doomed.delegate.log, ['1 closed']);
    await rejectsWith(doomed.session.execute({ source: '' }), 'session_closed');
    await assertGoesOn(doomed);
  });

  it('causes errors that the documentation lists', async () => {
    const docs = await readFile(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
    assert.ok(docs.includes(`\`${STATE_LOST}\``));
  });
});
