import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { EngineProcess } from '../../../sandbox/process/engine-process.ts';
import { FrameWriter } from '../../../sandbox/process/frames.ts';
import { Up } from '../../../sandbox/process/message-kinds.ts';
import { defaultProcessLimits, processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { fakeProcess } from '../../support/fake-process.ts';
import { finishCell, recordedSession } from '../../support/finished-cell.ts';
import { MODEL_LIMITS } from '../../support/process-model.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

/** A host's end of a fake process that is ready. */
function setup(maxValueLength = 1 << 20) {
  const { pipe, child } = fakeProcess();
  const engine = new EngineProcess({
    nodePath: 'node',
    sandboxLimits: { ...MODEL_LIMITS, maxValueLength },
    limits: { ...defaultProcessLimits(), maxProcessBytes: 64 << 20 },
    spawn: () => child,
    pace: { add: (kill) => kill() },
    onGone: () => {},
    onReady: () => {},
    onIdle: () => {},
  });
  const writer = new FrameWriter((chunk) => void pipe.emit('data', chunk));
  const say = (kind: number, run: number, a = 0, b = 0, ...texts: (string | undefined)[]) => {
    writer.send(kind, run, a, b, ...texts);
    writer.flush();
  };
  const start = () => {
    const calls = new RecordingCalls();
    const tools = [{ identifier: 'a', description: '' }];
    const program = { ...contractProgram(''), tools };
    const run = engine.start(program, calls, Symbol('session'));
    calls.attach(run);
    return { calls, run };
  };
  say(Up.Pong, 0);
  return { engine, pipe, say, start };
}

const NOTES = Array.from({ length: 17 }, () => 'note');

/** What no honest process says of a program that runs, has tool 0 and is not held. */
const LIES: Readonly<
  Record<string, readonly [kind: number, ...rest: (number | string | undefined)[]]>
> = {
  'a second start': [Up.Started, 1, 0, 0],
  'a turn of a program that did not wait': [Up.Proceeds, 1, 0, 0],
  'an output without a text': [Up.Text, 1, 0, 0, undefined],
  'a detail of an image that does not exist': [Up.Image, 1, 0, 0, 'data:,', 'none'],
  'a call of a tool that does not exist': [Up.Call, 1, 1, 1],
  'a call without an id': [Up.Call, 1, 0, 0],
  'an argument that is not JSON': [Up.Call, 1, 1, 0, '{'],
  'a blank notification': [Up.Notify, 1, 0, 0, ' \n'],
  'a stored value that is not JSON': [Up.Writes, 1, 0, 0, 'key', 'undefined'],
  'a key without a value': [Up.Writes, 1, 0, 0, 'key'],
  'a frontier of a program that is not held': [Up.Frontier, 1, 0, 0],
  'an end with a failure of its host': [Up.End, 1, 0, 0, 'lost', 'text'],
  'an end at a line of no source': [Up.End, 1, 1, 0, 'syntax', 'text'],
  'an end with too many notes': [Up.End, 1, 0, 0, undefined, undefined, ...NOTES],
  'an end with a note that is too long': [Up.End, 1, 0, 0, undefined, undefined, 'x'.repeat(1_025)],
  'an answer to no question': [Up.Pong, 0, 0, 0],
  'an answer with a number that means nothing': [Up.Pong, 0, 2, 0],
  'the heaviest program, unasked': [Up.Heaviest, 1, 0, 0],
  'the end of a program that was not killed': [Up.Gone, 1, 0, 0],
  'a message of a program that does not run': [Up.Yield, 2, 0, 0],
};

/** Resolves when what was sent in this turn is written. */
const flushed = () => new Promise<void>((go) => process.nextTick(go));

describe('The host of a process that was taken over', () => {
  for (const [what, [kind, run, a, b, ...texts]] of Object.entries(LIES)) {
    it(`ends it at ${what}`, async () => {
      const { engine, say, start } = setup();
      const { calls, run: program } = start();
      say(Up.Started, 1);
      say(kind, run as number, a as number, b as number, ...(texts as (string | undefined)[]));
      assert.equal(engine.cause, 'garbled');
      assert.deepEqual(calls.log, ['started']);
      const { failure } = await program.ended;
      assert.match(failure?.text ?? '', /its sandbox process sent an invalid message: /);
    });
  }

  it('makes the failure of a program of the fields it knows', async () => {
    const { say, start } = setup();
    const { run } = start();
    say(Up.Started, 1);
    say(Up.End, 1, 2, 3, 'syntax', 'SyntaxError: no', 'a note');
    assert.deepEqual(await run.ended, {
      failure: { kind: 'syntax', text: 'SyntaxError: no', line: 2, column: 3 },
      notes: ['a note'],
    });
  });

  it('ends it at the length of a frame that is too large, before the frame comes', () => {
    const { engine, pipe } = setup(1_000);
    const announced = Buffer.alloc(4);
    announced.writeUInt32LE(8 << 20);
    pipe.emit('data', announced);
    assert.equal(engine.cause, 'garbled');
  });

  it('takes the longest value there may be, in the longest encoding', () => {
    const { engine, say, start } = setup(4 << 20);
    const { calls } = start();
    say(Up.Started, 1);
    say(Up.Text, 1, 0, 0, '€'.repeat(4 << 20));
    assert.equal(engine.cause, null);
    assert.equal(calls.all('text').length, 1);
    say(Up.Text, 1, 0, 0, 'x'.repeat((4 << 20) + 1));
    assert.equal(engine.cause, 'garbled');
  });

  it('drops what was on its way of a killed program, but no flood of it', () => {
    const { engine, say, start } = setup();
    const { calls, run } = start();
    start();
    say(Up.Started, 1);
    run.kill();
    const chunk = 'x'.repeat(1 << 20);
    for (let n = 0; n < 5; n += 1) say(Up.Text, 1, 0, 0, chunk);
    say(Up.End, 1, 0, 0, 'no such kind');
    assert.deepEqual([engine.cause, calls.all('text')], [null, []]);
    for (let n = 0; n < 5; n += 1) say(Up.Text, 1, 0, 0, chunk);
    assert.equal(engine.cause, 'garbled');
  });

  it('allows a killed program that is gone no further word', () => {
    const { engine, say, start } = setup();
    const { run } = start();
    start();
    say(Up.Started, 1);
    run.kill();
    say(Up.Gone, 1);
    assert.equal(engine.cause, null);
    say(Up.Yield, 1);
    assert.equal(engine.cause, 'garbled');
  });

  it('allows one frontier each time a program is held', () => {
    const { engine, say, start } = setup();
    const { run } = start();
    say(Up.Started, 1);
    run.hold();
    run.hold();
    say(Up.Frontier, 1);
    assert.equal(engine.cause, null);
    say(Up.Frontier, 1);
    assert.equal(engine.cause, 'garbled');
  });

  it('allows the frontier that was on its way when the program was released', () => {
    const { engine, say, start } = setup();
    const { run } = start();
    say(Up.Started, 1);
    run.hold();
    run.release();
    say(Up.Frontier, 1);
    assert.equal(engine.cause, null);
  });

  it('does not listen to it while it leaves much unread, and ends it if that is more than it could hold', async () => {
    const { engine, pipe, say, start } = setup();
    const { calls } = start();
    say(Up.Started, 1);
    say(Up.Call, 1, 1, 0, '1');
    pipe.writableLength = 20 << 20;
    calls.toolCalls[0]?.answer({ ok: true, text: '1' });
    await flushed();
    assert.deepEqual([pipe.isPaused(), engine.cause], [true, null]);
    pipe.emit('drain');
    assert.equal(pipe.isPaused(), false);
    say(Up.Call, 1, 2, 0, '1');
    pipe.writableLength = 40 << 20;
    calls.toolCalls[1]?.answer({ ok: true, text: '1' });
    await flushed();
    assert.equal(engine.cause, 'silent');
  });
});

describe('A process that was taken over', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
  after(() => rmSync(folder, { recursive: true }));

  /** An engine that says it is ready, waits for a program, and then does as it likes with `send`. */
  function engine(name: string, body: string): string {
    const path = join(folder, name);
    const frames = new URL('../../../sandbox/process/frames.ts', import.meta.url).href;
    const script = `
      import { Socket } from 'node:net';
      import { FrameWriter } from ${JSON.stringify(frames)};
      const pipe = new Socket({ fd: 3, readable: true, writable: true });
      const writer = new FrameWriter((chunk) => pipe.write(chunk));
      const send = (...frame) => { writer.send(...frame); writer.flush(); };
      pipe.on('error', () => process.exit());
      send(${Up.Pong}, 0, 0, 0);
      pipe.once('data', (chunk) => {
        pipe.pause();
        ${body}
      });`;
    writeFileSync(`${path}.mjs`, script);
    writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} ${path}.mjs\n`);
    chmodSync(path, 0o755);
    return path;
  }

  it('cannot fill its host with answers that it does not read', async () => {
    const flood = `
      send(${Up.Started}, 1, 0, 0);
      let id = 0;
      const more = () => { for (let n = 0; n < 1_000; n += 1) send(${Up.Call}, 1, ++id, 0); pipe.write('', more); };
      more();`;
    const nodePath = engine('calls', flood);
    const limits = { hangMs: 600, maxProcessBytes: 256 << 20 };
    await using sandbox = processSandbox({ nodePath, spares: 0, limits });
    const answer = 'x'.repeat(10_000);
    const { session } = recordedSession(sandbox, { onTool: { echo: () => answer } });
    const before = process.memoryUsage.rss();
    const { failure } = await finishCell(session, '');
    const grownBytes = process.memoryUsage.rss() - before;
    assert.match(
      failure?.text ?? '',
      /no sign of life for 600 ms|does not read|over its limit maxPendingCalls/,
    );
    assert.ok(grownBytes < 200 << 20, `${grownBytes} bytes`);
    await session.close();
  });

  it('gets a program that another one has not begun, but no third one does', async () => {
    const nodePath = engine('mute', '');
    await using sandbox = processSandbox({ nodePath, spares: 0, limits: { hangMs: 300 } });
    const { session } = recordedSession(sandbox);
    const { failure } = await finishCell(session, '');
    assert.match(failure?.text ?? '', /no sign of life for 300 ms \(hangMs\)/);
    await session.close();
    assert.equal(sandbox.stats.ended.silent, 2);
  });

  it('gives no sign of life with what it says of its programs', async () => {
    const chatter = `
      send(${Up.Started}, 1, 0, 0);
      setInterval(() => send(${Up.Yield}, 1, 0, 0), 20);`;
    const limits = { hangMs: 600 };
    const nodePath = engine('chatter', chatter);
    await using sandbox = processSandbox({ nodePath, spares: 0, limits });
    const { session } = recordedSession(sandbox);
    const { first, cellId } = await session.execute({ source: '' });
    await first;
    let event = await session.observe(cellId, { yieldAfterMs: 20_000 });
    while (event.type === 'yielded') {
      event = await session.observe(cellId, { yieldAfterMs: 20_000 });
    }
    assert.ok(event.type === 'completed');
    assert.match(event.failure?.text ?? '', /no sign of life for 600 ms/);
    await session.close();
  });
});
