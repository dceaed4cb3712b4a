import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setInterval } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { FrameReader } from '../../sandbox/process/frame-reader.ts';
import { FrameWriter } from '../../sandbox/process/frames.ts';
import { Down } from '../../sandbox/process/message-kinds.ts';
import { BuiltPrograms, PERMISSIONS, peerOf } from '../support/built-programs.ts';
import { ROOT } from '../support/doc-pages.ts';

describe('The bundled programs', { timeout: 60_000 }, () => {
  const built = new BuiltPrograms();
  before(() => built.build());
  after(() => built.remove());

  /** Starts a host that has run a cell. */
  async function hostWithCell(home: string, source: string, flags: readonly string[]) {
    const host = built.start([...flags, built.bin('codex-code-mode-host')], {
      XDG_CACHE_HOME: home,
    });
    const peer = peerOf(host);
    await peer.hello();
    await peer.answer(peer.request('session/open'));
    await peer.initial(peer.execute(source, { yield_time_ms: 1_000 }));
    const stop = () => peer.answer(peer.request('session/terminate', { cellId: '1' }));
    return { host, peer, stop };
  }

  /**
   * Runs a host that runs a cell, and stops it if it goes on for ever.
   *
   * @param home Where it keeps compiled code.
   */
  async function serve(home: string, source: string, flags: readonly string[] = []) {
    const { host, peer, stop } = await hostWithCell(home, source, flags);
    await stop();
    const exit = once(host, 'exit');
    await peer.close();
    await exit;
    return keptOfHosts(home);
  }

  it('keep what they have compiled, again only if that was more', async () => {
    const home = built.newHome();
    const little = await settled(() => serve(home, 'text(1)'));
    assert.equal(little.length, 2);
    const more = await settled(() => serve(home, 'yield_control(); for (;;);'));
    assert.notDeepEqual(more, little);
    await settled(() => serve(home, 'text(1)'));
  });

  it('keep code that later ones can use, although their heap grows in large steps', async () => {
    const home = built.newHome();
    const flags = ['--expose-gc', '--no-flush-bytecode'];
    const collected = [...flags, '--require', join(ROOT, 'test/support/collect-often.cjs')];
    const usual = await settled(() => serve(home, 'text(1)', flags));
    const large = await settled(() => serve(home, 'yield_control(); for (;;);', collected));
    assert.notDeepEqual(large, usual);
    await settled(() => serve(home, 'text(1)', flags));
  });

  it('keep what they have compiled while they run, in case they are killed', async () => {
    const home = built.newHome();
    const hurried = ['--require', join(ROOT, 'test/support/hurried-timers.cjs')];
    const { host, stop } = await hostWithCell(home, 'yield_control(); for (;;);', hurried);
    const look = () => keptOfHosts(home);
    const early = await firstThat(look, ({ length }) => length === 2);
    await stop();
    await firstThat(look, (now) => !isDeepStrictEqual(now, early));
    host.kill('SIGKILL');
  });

  it('keep what sandbox processes compile that have time for that, once', async () => {
    const kept = async (home: string, word: readonly string[]) => {
      const args = [...PERMISSIONS, join(built.programs, 'sandbox-process.cjs'), ...word];
      const child = built.start(args, { NODE_COMPILE_CACHE: home });
      const pipe = child.stdio[3] as Duplex;
      const writer = new FrameWriter((chunk) => pipe.write(chunk));
      writer.send(Down.Ping, 0, 0, 0);
      const [chunk] = (await once(pipe, 'data')) as [Buffer];
      const [pong] = new FrameReader().push(chunk);
      return { files: keptIn(home, /sandbox-programs/), lacksCode: pong?.a };
    };
    const home = built.newHome();
    assert.deepEqual(await kept(home, []), { files: [], lacksCode: 1 });
    const first = await kept(home, ['rehearse']);
    assert.equal(first.lacksCode, 0);
    const kinds = first.files.map(({ path }) => path.replace(/.*\.cjs-[0-9a-f]{32}/, '')).sort();
    // Of the programs, of what they need later, and of the helpers.
    assert.deepEqual(kinds, ['', '', '-bootstrap', '-settled']);
    assert.deepEqual(await kept(home, ['rehearse']), first);
    assert.deepEqual(await kept(home, []), first);
  });
});

/** What is kept in a folder under such names, and when it was written. */
function keptIn(home: string, name: RegExp) {
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((path) => name.test(path))
    .map((path) => ({ path, written: statSync(join(home, path), { bigint: true }).mtimeNs }));
}

function keptOfHosts(home: string) {
  return keptIn(home, /code-mode-host(-later)?\.cjs-[0-9a-f]{32}$/);
}

/**
 * The first answer that comes twice: what processes compile depends a little on when things happen.
 *
 * @throws Error if it differs each time.
 */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  let last = await ask();
  for (let times = 0; times < 10; times += 1) {
    const next = await ask();
    if (isDeepStrictEqual(next, last)) return next;
    last = next;
  }
  throw new Error('It differs each time');
}

/** The first answer that is as it should be. */
async function firstThat<T>(ask: () => T, fits: (answer: T) => boolean): Promise<T> {
  for await (const _ of setInterval(20)) {
    const answer = ask();
    if (fits(answer)) return answer;
  }
  throw new Error('There is no other time');
}
