import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstatSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { dial } from '../../../host/transports/dial.ts';
import { record } from '../../contract/transport-peers.ts';
import { rejectsWith } from '../../support/events.ts';
import { Door, never, temporaryFolder } from './connections.ts';

const folder = temporaryFolder();
after(() => folder[Symbol.dispose]());

const fresh = (name: string) => join(folder.path, name);
const modeOf = (path: string) => lstatSync(path).mode & 0o777;

/** Leaves a socket behind without a listener. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer().listen(`${path}.was`);
  await once(server, 'listening');
  // Renamed, because a server removes its own socket.
  renameSync(`${path}.was`, path);
  server.close();
}

/** Lists a folder as fast as possible, from a separate thread. */
class Watch {
  readonly begun: Promise<unknown>;
  readonly #flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  constructor(path: string) {
    const workerData = { path, flag: this.#flag };
    this.#worker = new Worker(Watch.#source, { eval: true, workerData });
    this.begun = once(this.#worker, 'message');
  }

  /** Each thing it saw, with each mode it saw it with. */
  async end(): Promise<readonly string[]> {
    Atomics.store(this.#flag, 0, 1);
    const [seen] = await once(this.#worker, 'message');
    await this.#worker.terminate();
    return seen as readonly string[];
  }

  static readonly #source = `
    const { parentPort, workerData: { path, flag } } = require('node:worker_threads');
    const { lstatSync, readdirSync } = require('node:fs');
    const seen = new Set();
    parentPort.postMessage('begun');
    while (Atomics.load(flag, 0) === 0) {
      for (const name of readdirSync(path)) {
        const stat = lstatSync(path + '/' + name, { throwIfNoEntry: false });
        if (stat) seen.add((stat.isDirectory() ? 'folder' : name) + ' ' + (stat.mode & 0o777).toString(8));
      }
    }
    parentPort.postMessage([...seen].sort());`;
}

describe('A Unix socket', () => {
  it('is accessible only to its owner, from the first moment', async () => {
    const before = process.umask(0);
    const watch = new Watch(folder.path);
    try {
      await watch.begun;
      for (let n = 0; n < 100; n += 1) {
        await using door = await Door.open(`unix:${fresh('private.sock')}`);
        assert.equal(modeOf(fresh('private.sock')), 0o600);
        assert.equal(door.url, `unix:${fresh('private.sock')}`);
      }
    } finally {
      process.umask(before);
      const seen = await watch.end();
      assert.deepEqual(seen, ['folder 700', 'private.sock 600']);
    }
  });

  it('is gone after close, and leaves nothing else behind', async () => {
    const name = fresh('closed.sock');
    const door = await Door.open(`unix:${name}`);
    await door.listener.close();
    await door.listener.close();
    assert.deepEqual(readdirSync(folder.path), []);
    await rejectsWith(dial(door.url, { signal: never }), 'connection_lost');
  });

  it('keeps existing connections open when it closes', async () => {
    const door = await Door.open(`unix:${fresh('inside.sock')}`);
    const [client, host] = await door.enter();
    await door.listener.close();
    const received = record(host);
    record(client);
    client.send('still here');
    await received.count(1);
    await client.close();
  });

  it('replaces the socket of a dead host', async () => {
    const name = fresh('stale.sock');
    await leaveStale(name);
    await using door = await Door.open(`unix:${name}`);
    const [client, host] = await door.enter();
    assert.deepEqual(readdirSync(folder.path), ['stale.sock']);
    for (const transport of [client, host]) transport.destroy();
  });

  it('works for one of many hosts that want it at once', async () => {
    const name = fresh('race.sock');
    await leaveStale(name);
    const doors = await Promise.allSettled(
      Array.from({ length: 8 }, () => Door.open(`unix:${name}`)),
    );
    const open = doors.filter((door) => door.status === 'fulfilled').map(({ value }) => value);
    assert.equal(open.length, 1);
    for (const door of doors) {
      if (door.status === 'rejected') assert.match(String(door.reason), /another host|ENOENT/);
    }
    await using door = open[0]!;
    const [client, host] = await door.enter();
    assert.deepEqual(readdirSync(folder.path), ['race.sock']);
    for (const transport of [client, host]) transport.destroy();
  });

  it('does not replace the socket of a living host', async () => {
    const name = fresh('living.sock');
    await using door = await Door.open(`unix:${name}`);
    const second = Door.open(`unix:${name}`);
    await assert.rejects(second, {
      code: 'invalid_config',
      message: `Cannot listen on unix:${name}: another host listens there`,
    });
    const probe = await door.next();
    assert.equal(await record(probe).end, null, 'the look at it is a connection that ends');
    const [client, host] = await door.enter();
    for (const transport of [client, host]) transport.destroy();
  });

  it('never replaces a file, a folder or a link', async () => {
    const [file, link] = [fresh('file.sock'), fresh('link.sock')];
    writeFileSync(file, 'precious');
    symlinkSync(file, link);
    for (const name of [file, link, folder.path]) {
      const opening = Door.open(`unix:${name}`);
      await assert.rejects(opening, /what is there is not a socket/);
    }
    assert.equal(lstatSync(file).size, 8);
    for (const name of [file, link]) rmSync(name);
  });

  it('does not remove at close what was put there meanwhile', async () => {
    const name = fresh('replaced.sock');
    const first = await Door.open(`unix:${name}`);
    rmSync(name);
    await using second = await Door.open(`unix:${name}`);
    await first.listener.close();
    const [client, host] = await second.enter();
    for (const transport of [client, host]) transport.destroy();
  });

  it('reports a path that is too long, or a missing folder', async () => {
    const long = fresh('x'.repeat(100));
    await assert.rejects(
      Door.open(`unix:${long}`),
      /its path has 1\d\d bytes, the system takes 10\d/,
    );
    await assert.rejects(
      Door.open(`unix:${fresh('nowhere/x.sock')}`),
      /there is no folder .*nowhere/,
    );
    assert.deepEqual(readdirSync(folder.path), []);
  });
});
