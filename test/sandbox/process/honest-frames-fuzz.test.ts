import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EndCause } from '../../../sandbox/process/end-cause.ts';
import { EngineProcess } from '../../../sandbox/process/engine-process.ts';
import { type Frame, FrameWriter } from '../../../sandbox/process/frames.ts';
import { Up } from '../../../sandbox/process/message-kinds.ts';
import type { ProcessRun } from '../../../sandbox/process/process-run.ts';
import { defaultProcessLimits } from '../../../sandbox/process/process-sandbox.ts';
import type { ProgramCalls } from '../../../src/sandbox.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { fakeProcess } from '../../support/fake-process.ts';
import { fuzzBounds, fuzzTimeout } from '../../support/fuzz-bounds.ts';
import {
  JSON_TEXTS,
  MODEL_LIMITS,
  NOT_JSON,
  ProcessModel,
  TOOLS,
} from '../../support/process-model.ts';

const EXCESS = { limit: 'maxProcessBytes', limitBytes: 1, usedBytes: 2 } as const;
const LONG = 'x'.repeat(MODEL_LIMITS.maxValueLength + 1);

/** A host's end of a fake process, in step with the model of what the process may say. */
class Play {
  readonly model = new ProcessModel();
  readonly #runs: ProcessRun[] = [];
  readonly #ends: number[] = [];
  readonly #writer: FrameWriter;
  readonly #engine: EngineProcess;
  /** Kinds of messages that reached programs, with the text or the number in them. */
  readonly heard: (readonly [run: number, what: string])[] = [];

  constructor() {
    const { pipe, child } = fakeProcess();
    this.#writer = new FrameWriter((chunk) => void pipe.emit('data', chunk));
    this.#engine = new EngineProcess({
      nodePath: 'node',
      sandboxLimits: MODEL_LIMITS,
      limits: defaultProcessLimits(),
      spawn: () => child,
      pace: { add: (kill) => kill() },
      onGone: () => {},
      onReady: () => {},
      onIdle: () => {},
    });
  }

  get cause(): EndCause | null {
    return this.#engine.cause;
  }

  say({ kind, run, a, b, texts }: Frame): void {
    this.#writer.send(kind, run, a, b, ...texts);
    this.#writer.flush();
  }

  /**
   * Says it, and checks that the host does as the model says.
   *
   * @returns Whether the process lives.
   */
  tell(frame: Frame): boolean {
    const before = this.heard.length;
    const isFair = this.model.accepts(frame);
    this.say(frame);
    const said = JSON.stringify(frame);
    assert.equal(this.#engine.cause, isFair ? null : 'garbled', said);
    if (!isFair) assert.equal(this.heard.length, before, said);
    return isFair;
  }

  /** Checks that the end of the process has ended its programs. */
  async checkLost(): Promise<void> {
    await null;
    for (const id of this.model.living) assert.ok(this.#ends.includes(id), `program ${id}`);
  }

  /** The host does something that changes what the process may say. */
  act(action: number, pick: number): void {
    const { model } = this;
    const id = model.living[pick % model.living.length];
    const [program, run] = id === undefined ? [] : [model.of(id), this.#runs[id - 1]];
    switch (action) {
      case 0:
        return this.#start(pick % 2 === 0);
      case 1:
        model.pings += 1;
        return this.#engine.supervision.ask();
      case 2:
        if (model.living.length < 2) return;
        model.weighs += 1;
        this.#engine.heaviest.seek(EXCESS);
        return this.#engine.heaviest.spare('maxProcessBytes');
    }
    if (program === undefined || run === undefined) return;
    switch (action) {
      case 3:
        program.phase = 'killed';
        return run.kill();
      case 4:
        if (!program.isHeld) program.frontiers += 1;
        program.isHeld = true;
        return run.hold();
      case 5:
        program.isHeld = false;
        return run.release();
      case 6:
        if (program.isHeld) program.frontiers += 1;
        return run.step();
      case 7: {
        const [call] = program.waiting;
        if (call === undefined) return;
        program.waiting.delete(call);
        return run.answer(call, true, '1');
      }
      case 8:
        if (program.notifications === 0) return;
        program.notifications -= 1;
        return run.notified();
    }
  }

  #start(hold: boolean): void {
    this.model.start(hold);
    const id = this.#runs.length + 1;
    const tools = Array.from({ length: TOOLS }, (_, n) => ({
      identifier: `t${n}`,
      description: '',
    }));
    const program = { ...contractProgram(''), tools, hold };
    const run = this.#engine.start(program, this.#calls(id), Symbol('session'));
    this.#runs.push(run);
    void run.ended.then(() => this.#ends.push(id));
  }

  #calls(run: number): ProgramCalls {
    const hear = (what: string) => void this.heard.push([run, what]);
    return {
      started: () => hear('started'),
      waits: (isWaiting) => hear(isWaiting ? 'waits' : 'proceeds'),
      output: (item) => hear(Object.values(item).join(' ')),
      yieldControl: () => hear('yield'),
      store: (key, json) => hear(`store ${key} ${json}`),
      call: (id, tool, inputJson) => hear(`call ${id} ${tool} ${inputJson}`),
      notify: (text) => hear(`notify ${text}`),
      frontier: () => hear('frontier'),
    };
  }
}

type Twist = (frame: Frame) => Frame;
const withText = (frame: Frame, text: string | undefined): Frame => ({
  ...frame,
  texts: [...frame.texts.slice(0, -1), text],
});

/** Ways to make a frame one that an honest process may not send, most of the time. */
const TWISTS: readonly Twist[] = [
  (frame) => ({ ...frame, run: frame.run + 1 }),
  (frame) => ({ ...frame, run: 0 }),
  (frame) => ({ ...frame, run: 2 ** 32 - 1 }),
  (frame) => ({ ...frame, a: frame.a + 1 }),
  (frame) => ({ ...frame, a: 0 }),
  (frame) => ({ ...frame, b: frame.b + TOOLS }),
  (frame) => ({ ...frame, texts: [] }),
  (frame) => ({ ...frame, texts: frame.texts.slice(1) }),
  (frame) => ({ ...frame, texts: [...frame.texts, 'more'] }),
  (frame) => ({ ...frame, texts: Array.from({ length: 254 }, () => '1') }),
  (frame) => ({ ...frame, texts: [undefined, undefined] }),
  (frame) => withText(frame, undefined),
  (frame) => withText(frame, LONG),
  (frame) => withText(frame, 'x'.repeat(5_000)),
  (frame) => withText(frame, ' \n'),
  ...NOT_JSON.map(
    (text): Twist =>
      (frame) =>
        withText(frame, text),
  ),
  (frame) => ({ ...frame, kind: 0 }),
  (frame) => ({ ...frame, kind: 16 }),
  (frame) => ({ ...frame, kind: 255 }),
];

const ENDS: readonly Pick<Frame, 'a' | 'b' | 'texts'>[] = [
  { a: 0, b: 0, texts: [undefined, undefined] },
  { a: 0, b: 0, texts: [undefined, undefined, 'note', 'other note'] },
  { a: 0, b: 0, texts: [undefined, undefined, 'x'.repeat(1_025)] },
  { a: 3, b: 7, texts: ['exception', 'Error: no'] },
  { a: 3, b: 7, texts: ['syntax', 'SyntaxError: no'] },
  { a: 3, b: 0, texts: ['syntax', 'SyntaxError: no'] },
  { a: 0, b: 0, texts: ['exception', 'Error: no', ...Array.from({ length: 17 }, () => 'note')] },
  { a: 0, b: 0, texts: ['lost', 'exec runtime ended unexpectedly'] },
  { a: 0, b: 0, texts: ['sandbox_failed', 'failed to initialize'] },
  { a: 0, b: 0, texts: ['memory', undefined] },
  { a: 1, b: 1, texts: ['limit', 'The cell was stopped'] },
];

/** A frame that looks as if an honest process had sent it. Whether it may come now, the model knows. */
function plausibleFrame(model: ProcessModel, kind: number, pick: number): Frame {
  const known = model.programs.length;
  const living = model.living;
  const run = pick % 5 === 0 ? pick % (known + 2) : (living[pick % (living.length || 1)] ?? 1);
  const json = JSON_TEXTS[pick % JSON_TEXTS.length]!;
  const bare = { kind, run, a: 0, b: 0, texts: [] };
  switch (kind) {
    case Up.Pong:
      return { ...bare, run: 0, a: pick % 3 };
    case Up.Text:
    case Up.Audio:
    case Up.Notify:
      return { ...bare, texts: [`text ${pick % 10}`] };
    case Up.Image:
      return { ...bare, texts: ['data:,', ['auto', 'low', 'high', 'original', 'none'][pick % 5]] };
    case Up.Call: {
      const id = (model.of(run)?.lastCall ?? 0) + 1 + (pick % 3);
      return { ...bare, a: id, b: pick % TOOLS, texts: pick % 4 === 0 ? [] : [json] };
    }
    case Up.Writes:
      return { ...bare, texts: [`k${pick % 4}`, json] };
    case Up.End:
      return { ...bare, ...ENDS[pick % ENDS.length]! };
  }
  return bare;
}

const KINDS = Object.values(Up);

/** A frame that may come now; the one picked, if none may. */
function fairFrame(model: ProcessModel, first: number, pick: number): Frame {
  for (let n = 0; n < KINDS.length; n += 1) {
    const frame = plausibleFrame(model, KINDS[(first + n) % KINDS.length]!, pick);
    if (model.allows(frame)) return frame;
  }
  return plausibleFrame(model, KINDS[first]!, pick);
}

function frameOf(model: ProcessModel, kind: number, pick: number, manner: Manner): Frame {
  if (manner === 'plausible') return plausibleFrame(model, KINDS[kind]!, pick);
  const fair = fairFrame(model, kind, pick);
  return manner === 'fair' ? fair : TWISTS[manner]!(fair);
}

/** As an honest process, out of turn, or with a twist. */
type Manner = 'fair' | 'plausible' | number;

const unfair: fc.Arbitrary<Manner> = fc.oneof(
  { weight: 1, arbitrary: fc.constant('plausible' as const) },
  { weight: 2, arbitrary: fc.nat({ max: TWISTS.length - 1 }) },
);

const step = fc.record({
  /** What the host does if it is below 9, else the process says something. */
  action: fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 25 }) }, fc.constantFrom(0, 9)),
  kind: fc.nat({ max: KINDS.length - 1 }),
  pick: fc.nat({ max: 1_000 }),
  manner: fc.oneof(
    { weight: 40, arbitrary: fc.constant('fair' as const) },
    { weight: 1, arbitrary: unfair },
  ),
});

describe('Messages of a sandbox process (fuzz)', { timeout: fuzzTimeout(2) }, () => {
  it('are taken as long as an honest process could have sent them, and the first other ends it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: 'max' }),
        step,
        unfair,
        async (steps, last, manner) => {
          const play = new Play();
          for (const { action, kind, pick, manner } of steps) {
            if (action < 9) play.act(action, pick);
            else if (!play.tell(frameOf(play.model, kind, pick, manner))) return play.checkLost();
          }
          const frame = frameOf(play.model, last.kind, last.pick, manner);
          if (!play.tell(frame)) return play.checkLost();
        },
      ),
      fuzzBounds(10_000),
    );
  });

  it('reach the program they are of, in their order', () => {
    const play = new Play();
    const say = (kind: number, run: number, a = 0, b = 0, ...texts: (string | undefined)[]) =>
      play.say({ kind, run, a, b, texts });
    say(Up.Pong, 0);
    play.act(0, 1);
    play.act(0, 0);
    say(Up.Waits, 2);
    say(Up.Proceeds, 2);
    say(Up.Started, 2);
    say(Up.Started, 1);
    say(Up.Writes, 1, 0, 0, 'k', '1', 'l', '[]');
    say(Up.Call, 1, 7, 1, '{"a":1}');
    say(Up.Frontier, 2);
    say(Up.Image, 1, 0, 0, 'data:,', 'low');
    assert.deepEqual(play.heard, [
      [2, 'waits'],
      [2, 'proceeds'],
      [2, 'started'],
      [1, 'started'],
      [1, 'store k 1'],
      [1, 'store l []'],
      [1, 'call 7 1 {"a":1}'],
      [2, 'frontier'],
      [1, 'input_image data:, low'],
    ]);
    assert.equal(play.cause, null);
  });
});
