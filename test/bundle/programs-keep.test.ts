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
import { BuiltPrograms, HELLO, read, send } from '../support/built-programs.ts';
import { ROOT } from '../support/doc-pages.ts';

const PERMISSIONS = ['--permission', '--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*'];

describe('The bundled programs', { timeout: 60_000 }, () => {
  const built = new BuiltPrograms();
  before(() => built.build());
  after(() => built.remove());

  /** Starts a host that has run a cell. */
  async function hostWithCell(home: string, source: string, flags: readonly string[]) {
    const host = built.start([...flags, built.bin('codex-code-mode-host')], {
      XDG_CACHE_HOME: home,
    });
    const answers = read(host);
    const ask = async (message: object, type: string) => {
      send(host, message);
      for (let of = ''; of !== type; ) {
        const { done, value } = await answers.next();
        assert.equal(done, false);
        of = (value as { type: string }).type;
      }
    };
    await ask(HELLO, 'connection/ready');
    const sessionId = 's';
    const open = { method: 'session/open', sessionId };
    await ask({ type: 'operation/request', id: 1, request: open }, 'operation/response');
    const request = {
      ...{ tool_call_id: null, enabled_tools: [], source },
      ...{ yield_time_ms: 1_000, max_output_tokens: null },
    };
    const execute = { method: 'session/execute', sessionId, request };
    await ask({ type: 'operation/request', id: 2, request: execute }, 'execute/initialResponse');
    const terminate = { method: 'session/terminate', sessionId, cellId: '1' };
    const stop = () =>
      ask({ type: 'operation/request', id: 3, request: terminate }, 'operation/response');
    return { host, stop };
  }

  /** What is kept of hosts. */
  function keptIn(home: string) {
    return readdirSync(home, { recursive: true, encoding: 'utf8' })
      .filter((path) => /code-mode-host(-later)?\.cjs-[0-9a-f]{32}$/.test(path))
      .map((path) => ({ path, written: statSync(join(home, path), { bigint: true }).mtimeNs }));
  }

  /**
   * Runs a host that runs a cell, and stops it if it goes on for ever.
   *
   * @param home Where it keeps compiled code.
   */
  async function serve(home: string, source: string, flags: readonly string[] = []) {
    const { host, stop } = await hostWithCell(home, source, flags);
    await stop();
    host.stdin?.end();
    await once(host, 'exit');
    return keptIn(home);
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
    const early = await changed(() => keptIn(home), []);
    await stop();
    await changed(() => keptIn(home), early);
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
      const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.includes('sandbox-programs'))
        .map((path) => ({ path, written: statSync(join(home, path), { bigint: true }).mtimeNs }));
      return { files, lacksCode: pong?.a };
    };
    const home = built.newHome();
    assert.deepEqual(await kept(home, []), { files: [], lacksCode: 1 });
    const first = await kept(home, ['rehearse']);
    assert.equal(first.lacksCode, 0);
    const kinds = first.files.map(({ path }) => path.replace(/.*\.cjs-[0-9a-f]{32}/, '')).sort();
    assert.deepEqual(kinds, ['', '-bootstrap', '-settled']);
    assert.deepEqual(await kept(home, ['rehearse']), first);
    assert.deepEqual(await kept(home, []), first);
  });
});

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

/** The first answer that is another one than before. */
async function changed<T>(ask: () => T, last: T): Promise<T> {
  for await (const _ of setInterval(20)) {
    const next = ask();
    if (!isDeepStrictEqual(next, last)) return next;
  }
  return last;
}
