import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isolateBlueprint } from '../../../sandbox/isolate/blueprint.ts';
import { IsolateRun } from '../../../sandbox/isolate/isolate-run.ts';
import { ProgramIsolate } from '../../../sandbox/isolate/program-isolate.ts';
import { SessionTurns, type Turn } from '../../../sandbox/isolate/session-turns.ts';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import type { OutputItem } from '../../../src/events.ts';
import type { Program, ProgramCalls, ProgramEnd, SandboxRun } from '../../../src/sandbox.ts';
import { fuzzBounds, fuzzTimeout } from '../../support/fuzz-bounds.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

const PROGRAM: Program = {
  source: 'await new Promise((go) => setTimeout(go, 1e9))',
  tools: [{ identifier: 'echo', description: '' }],
  values: new Map(),
  toolErrors: 'error',
  console: false,
  globals: 'standard',
  hold: false,
};

const LIMITS = {
  ...DEFAULT_SANDBOX_LIMITS,
  maxTimers: 5,
  maxPendingCalls: 5,
  maxPendingNotifications: 5,
  maxStoredKeys: 5,
  maxValueLength: 100_000,
};

/** The turn of a program that is alone in its session. */
function ownTurn(): Turn {
  return new SessionTurns(1).join(Symbol('session'), () => {});
}

/** Checks that whatever reaches a cell has the shape the cell was promised. */
function checkingCalls(runOf: () => SandboxRun | null = () => null): ProgramCalls {
  let last = 0;
  return {
    started: () => {},
    waits: () => {},
    output: (item) => checkItem(item),
    store: (key, json) => assert.equal(typeof key + typeof json, 'stringstring'),
    yieldControl: () => {},
    call: (id, index, inputJson) => {
      assert.ok(id > last, `${id} after ${last}`);
      last = id;
      assert.equal(typeof index, 'number');
      assert.ok(inputJson === undefined || typeof inputJson === 'string');
      queueMicrotask(() => runOf()?.answer(id, true, '1'));
    },
    notify: (text) => {
      assert.equal(typeof text, 'string');
      queueMicrotask(() => runOf()?.notified());
    },
    frontier: () => {},
  };
}

function checkItem(item: OutputItem): void {
  if (item.type === 'input_text') assert.equal(typeof item.text, 'string');
  else if (item.type === 'input_audio') assert.equal(typeof item.audio_url, 'string');
  else {
    assert.equal(typeof item.image_url, 'string');
    assert.ok(['auto', 'low', 'high', 'original'].includes(item.detail));
  }
}

/** What isolated-vm lets through a callback. */
const primitive = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(null, undefined, Number.NaN, -1, 2 ** 53, '\ud800', '__proto__'),
);
const kind = fc.oneof(
  fc.constantFrom(
    ...['text', 'image', 'audio', 'yield', 'notify', 'calls', 'piece', 'timer', 'clear', 'store'],
    ...['begun', 'end', 'exit', 'lasting', 'nothing', 'nonsense'],
  ),
  primitive,
);
const message = fc.tuple(kind, fc.array(primitive, { maxLength: 12 }));

describe('The host half of the bridge (fuzz)', { timeout: fuzzTimeout(2) }, () => {
  it('takes anything from an isolate whose half is broken, and ends what overruns', async () => {
    const blueprint = isolateBlueprint(LIMITS);
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 40 }), async (messages) => {
        const run: IsolateRun = new IsolateRun(
          PROGRAM,
          checkingCalls(() => run),
          LIMITS,
          ownTurn(),
          () => {},
        );
        const isolate = new ProgramIsolate(blueprint);
        run.start(isolate);
        const { receive } = isolate.context.wiring;
        for (const [what, values] of messages) receive([what, ...values]);
        if (run.over) checkEnd(await run.ended);
        run.kill();
        await run.stopped;
      }),
      fuzzBounds(150),
    );
  });

  it('lets a broken half say nothing in the place of the next program', async () => {
    const blueprint = isolateBlueprint(LIMITS);
    const some = fc.array(message, { maxLength: 12 });
    let followed = 0;
    await fc.assert(
      fc.asyncProperty(some, some, async (before, after) => {
        let left: ProgramIsolate | null = null;
        const keep = (isolate: ProgramIsolate | null) => {
          left = isolate;
        };
        const calls = checkingCalls(() => run);
        const program = { ...PROGRAM, source: 'await tools.echo()' };
        const run: IsolateRun = new IsolateRun(program, calls, LIMITS, ownTurn(), keep);
        const isolate = new ProgramIsolate(blueprint);
        run.start(isolate);
        const { receive } = isolate.context.wiring;
        for (const [what, values] of before) receive([what, ...values]);
        // Its own call may be refused, because one was forged in its name.
        if (!run.over) receive(['end']);
        checkEnd(await run.ended);
        if (left === null) return;
        followed += 1;
        await checkWitness(isolate, () => {
          for (const [what, values] of after) receive([what, ...values]);
        });
      }),
      fuzzBounds(150),
    );
    assert.ok(followed > 0);
  });

  it('names the limit that a broken half went over', async () => {
    const blueprint = isolateBlueprint(LIMITS);
    for (const [limit, what, values] of [
      ['maxTimers', 'timer', [1, 1e9]],
      ['maxPendingCalls', 'calls', [1, 0, undefined]],
      ['maxPendingNotifications', 'notify', ['x']],
      ['maxStoredKeys', 'store', [1, 'x']],
      ['maxValueLength', 'piece', ['x']],
    ] as const) {
      const calls = checkingCalls();
      const run = new IsolateRun(PROGRAM, calls, LIMITS, ownTurn(), () => {});
      const isolate = new ProgramIsolate(blueprint);
      run.start(isolate);
      const { receive } = isolate.context.wiring;
      for (let n = 0; n < 6; n += 1) receive([what, n + 1, ...values.slice(1)]);
      const { failure } = await run.ended;
      assert.equal(failure?.kind, 'limit');
      assert.match(failure?.text ?? '', new RegExp(limit));
      await run.stopped;
    }
  });
});

describe('The host half of the bridge', () => {
  it('takes an argument that came in pieces, and none that is not as long as its call says', async () => {
    for (const [length, wanted] of [
      [6, null],
      [5, 'the program sent an invalid tool call'],
    ] as const) {
      const calls = new RecordingCalls();
      const run = new IsolateRun(PROGRAM, calls, LIMITS, ownTurn(), () => {});
      const isolate = new ProgramIsolate(isolateBlueprint(LIMITS));
      run.start(isolate);
      const { receive } = isolate.context.wiring;
      for (const text of ['"ab', 'cd"']) receive(['piece', text]);
      receive(['calls', 1, 0, length]);
      receive(['end']);
      const { failure } = await run.ended;
      assert.equal(failure?.text ?? null, wanted);
      const inputs = calls.toolCalls.map(({ inputJson }) => inputJson);
      assert.deepEqual(inputs, wanted === null ? ['"abcd"'] : []);
      await run.stopped;
    }
  });
});

/** Runs a program in a used isolate, which is disposed then. */
async function checkWitness(isolate: ProgramIsolate, meanwhile: () => void): Promise<void> {
  isolate.releaseContext();
  isolate.makeReady();
  const calls = new RecordingCalls();
  const program = { ...PROGRAM, source: 'text(1 + 1); await null; text(2 + 2)' };
  const run = new IsolateRun(program, calls, LIMITS, ownTurn(), () => {});
  run.start(isolate);
  meanwhile();
  const { failure, notes } = await run.ended;
  assert.deepEqual([failure, notes, calls.log], [null, [], ['started', 'text 2', 'text 4']]);
  isolate.dispose();
}

function checkEnd({ failure, notes }: ProgramEnd): void {
  assert.ok(failure === null || typeof failure.text === 'string');
  assert.ok(notes.every((note) => typeof note === 'string'));
}
