import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Host } from '../../../host/server/host.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { streamTransport } from '../../../host/transports/stream-transport.ts';
import type { Transport } from '../../../host/wire/transport.ts';
import type { FakeSandbox } from '../../support/fake-sandbox.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';
import { hostOf, type Json, V1Peer } from '../../support/v1-peer.ts';

const KIBI = 1 << 10;
const MEBI = 1 << 20;
const CELLS = 40;
const OWN = 'cellhost.cells';
const LIMITS = { maxUnreadBytes: 2 * MEBI };
const TEXT = 'x'.repeat(256 * KIBI);

/** A client with cells that run and that it waits for; it does not read any more. */
async function stalled(
  host: Host,
  [ours, theirs]: readonly [Transport, Transport],
  { cells = CELLS, capabilities = [] as readonly string[] } = {},
) {
  const ended = host.serve(theirs);
  const peer = new V1Peer(ours);
  await peer.hello(...capabilities);
  await peer.answer(peer.request('session/open'));
  const executes: number[] = [];
  for (let n = 0; n < cells; n += 1) {
    const id = peer.execute('silent');
    executes.push(id);
    await peer.answer(id);
  }
  const waiting = peer.request('session/open', { sessionId: 'other' });
  await peer.answer(waiting);
  ours.pause();
  return { peer, ours, theirs, ended, executes };
}

function silentHost() {
  return hostOf({ limits: LIMITS, programs: { silent: (run) => run.start() } });
}

/** Ends the programs one by one, each with this text. @returns The most that was queued. */
async function endAll(sandbox: FakeSandbox, transport: Transport, text: string): Promise<number> {
  let most = 0;
  for (const run of sandbox.runs) {
    run.text(text);
    run.end();
    await settled();
    most = Math.max(most, transport.queuedBytes);
  }
  return most;
}

/** The texts of the answers to these requests, in the order in which they came. */
function initials(peer: V1Peer): readonly Json[] {
  return peer.received.filter(({ type }) => type === 'execute/initialResponse');
}

function sizeOf(message: Json): number {
  return /"text":"(x*)"/.exec(JSON.stringify(message))?.[1]?.length ?? 0;
}

describe('A client that does not read its answers', () => {
  it('has at most maxUnreadBytes and one answer queued, and gets everything in order when it reads', async () => {
    const { host, sandbox } = silentHost();
    const { peer, ours, theirs, executes } = await stalled(host, memoryTransports());
    const most = await endAll(sandbox, theirs, TEXT);
    assert.ok(most >= LIMITS.maxUnreadBytes, `${most} bytes were queued`);
    assert.ok(most < LIMITS.maxUnreadBytes + TEXT.length + KIBI, `${most} bytes were queued`);
    ours.resume();
    await peer.answer(peer.request('session/shutdown'));
    assert.deepEqual(
      initials(peer).map(({ id }) => id),
      executes,
    );
    assert.ok(initials(peer).every((message) => sizeOf(message) === TEXT.length));
    const closed = peer.received.filter(({ type }) => type === 'cell/closed');
    assert.equal(new Set(closed.map(({ cellId }) => cellId)).size, CELLS);
    assert.equal(closed.length, CELLS);
    await peer.close();
  });

  it('has no more queued by terminating cells, and each terminate is answered first', async () => {
    const { host, sandbox } = silentHost();
    const { peer, ours, theirs, executes } = await stalled(host, memoryTransports());
    for (const run of sandbox.runs.slice(1)) run.text(TEXT);
    const terminates = executes.map((_, n) =>
      peer.request('session/terminate', { cellId: String(n + 1) }),
    );
    for (let n = 0; n < 10; n += 1) await settled();
    assert.ok(theirs.queuedBytes < LIMITS.maxUnreadBytes + TEXT.length + KIBI);
    ours.resume();
    await peer.answer(peer.request('session/shutdown'));
    const told = peer.received.flatMap(({ id }) =>
      executes.includes(Number(id)) || terminates.includes(Number(id)) ? [Number(id)] : [],
    );
    for (const [n, terminate] of terminates.entries()) {
      assert.ok(told.indexOf(terminate) < told.lastIndexOf(executes[n] ?? 0));
    }
    assert.ok(initials(peer).every((message) => JSON.stringify(message).includes('Terminated')));
    assert.equal(told.length, 3 * CELLS);
    await peer.close();
  });

  it('has no more queued by the live events of many cells', async () => {
    const { host, sandbox } = silentHost();
    const made = await stalled(host, memoryTransports(), { capabilities: [OWN] });
    const { peer, ours, theirs } = made;
    ours.resume();
    const subscriptions = made.executes.map((_, n) =>
      peer.request('session/events', { cellId: String(n + 1) }),
    );
    await peer.answer(peer.request('session/open', { sessionId: 'third' }));
    ours.pause();
    const most = await endAll(sandbox, theirs, TEXT);
    assert.ok(most < LIMITS.maxUnreadBytes + TEXT.length + KIBI, `${most} bytes were queued`);
    ours.resume();
    for (const id of subscriptions) await peer.answer(id);
    const events = peer.received.filter(({ type }) => type === 'cell/events');
    assert.equal(events.filter((message) => sizeOf(message) === TEXT.length).length, CELLS);
    await peer.close();
  });

  it('leaves nothing behind when it leaves', async () => {
    const { host, sandbox } = silentHost();
    const { ours, theirs, ended } = await stalled(host, memoryTransports());
    await endAll(sandbox, theirs, TEXT);
    ours.destroy();
    await settled();
    await settled();
    await settled();
    assert.equal(await isSettled(ended), true);
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });

  it('does not delay a closing host for longer than its connection takes to close', async (t) => {
    const { host, sandbox } = silentHost();
    const { theirs, ended } = await stalled(host, memoryTransports({ closeWithinMs: 500 }));
    await endAll(sandbox, theirs, TEXT);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const closing = host.close();
    for (let n = 0; n < 10; n += 1) await settled();
    t.mock.timers.tick(499);
    assert.equal(await isSettled(closing), false);
    t.mock.timers.tick(1);
    await closing;
    const text = /^Cannot send \d+ answers to memory: it did not read them within 500 ms$/;
    assert.match((await ended)?.message ?? '', text);
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });

  it('gets everything if it reads again before its host has closed', async () => {
    const { host, sandbox } = silentHost();
    const { peer, ours, ended, executes } = await stalled(host, memoryTransports());
    for (const run of sandbox.runs.slice(1)) run.text(TEXT);
    const closing = host.close();
    await settled();
    ours.resume();
    await closing;
    assert.equal(await ended, null);
    assert.deepEqual(
      initials(peer).map(({ id }) => id),
      executes,
    );
    assert.ok(initials(peer).every((message) => sizeOf(message) === TEXT.length));
    await peer.closed;
  });
});

describe('Lists that a client requests but does not read', () => {
  it('are made one at a time, each after the previous one was sent', async () => {
    const session = new ScriptedSession();
    let made = 0;
    session.values = async () => {
      made += 1;
      return new Map([['k', TEXT]]);
    };
    const host = new Host({ open: async () => session, limits: { maxUnreadBytes: MEBI } });
    const [ours, theirs] = memoryTransports();
    void host.serve(theirs);
    const peer = new V1Peer(ours);
    await peer.hello(OWN);
    await peer.answer(peer.request('session/open'));
    ours.pause();
    const asked = Array.from({ length: 20 }, () => peer.request('session/values'));
    for (let n = 0; n < 60; n += 1) await settled();
    // Four fill a mebibyte, and one waits for room.
    assert.equal(made, 5);
    assert.ok(theirs.queuedBytes < MEBI + TEXT.length + KIBI);
    ours.resume();
    for (const id of asked) await peer.answer(id);
    assert.equal(made, 20);
    await peer.close();
  });
});

/** Both ends of a Unix socket of this process. */
async function unixTransports(): Promise<
  AsyncDisposable & { readonly ends: readonly [Transport, Transport] }
> {
  const folder = await mkdtemp(join(tmpdir(), 'unread-'));
  const path = join(folder, 's');
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(path);
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const ours = connectSocket({ path, allowHalfOpen: true });
  const theirs = await accepted;
  return {
    ends: [streamTransport('ours', ours, ours), streamTransport('unix', theirs, theirs)],
    async [Symbol.asyncDispose]() {
      ours.destroy();
      theirs.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

describe('A client of a Unix socket that does not read its answers', () => {
  it('costs its host at most 64 MiB of encoded messages and one answer by default', async () => {
    await using sockets = await unixTransports();
    const { host, sandbox } = hostOf({ programs: { silent: (run) => run.start() } });
    const { peer, ours, theirs, executes } = await stalled(host, sockets.ends, { cells: 30 });
    const large = 'x'.repeat(8 * MEBI);
    const before = process.memoryUsage().arrayBuffers;
    let most = await endAll(sandbox, theirs, large);
    // Answers as large as these are encoded over several turns.
    for (let turns = 0; turns < 200; turns += theirs.queuedBytes < 64 * MEBI ? 0 : 1) {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, theirs.queuedBytes);
    }
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(most >= 64 * MEBI && most < 73 * MEBI, `${most} bytes were queued`);
    assert.ok(grown < 100 * MEBI, `${grown} bytes of buffers`);
    ours.resume();
    await peer.answer(peer.request('session/shutdown'));
    assert.deepEqual(
      initials(peer).map(({ id }) => id),
      executes,
    );
    assert.ok(initials(peer).every((message) => sizeOf(message) === large.length));
    await peer.close();
  });
});
