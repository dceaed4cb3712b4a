import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LoneProgram, type WhenAble, whenAble } from '../../../sandbox/process/lone-program.ts';
import { Down } from '../../../sandbox/process/message-kinds.ts';

/** Time that passes only when it is told to. */
class Clock {
  #nowMs = 0;
  #due: { readonly atMs: number; readonly act: () => void }[] = [];

  after(ms: number, act: () => void): void {
    this.#due.push({ atMs: this.#nowMs + ms, act });
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    const due = this.#due.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#due = this.#due.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { act } of due) act();
  }
}

/**
 * Both ends of a pipe, written as plainly as possible. The process enters a program directly if it was
 * left alone, is inside for as long as the program computes, and reads nothing meanwhile.
 */
class Play {
  readonly toProcess: number[] = [];
  readonly toHost: ('able' | 'shared')[] = [];
  /** Programs that live in the process. */
  programs = 0;
  /** Programs that have been sent there. */
  onTheirWay = 0;
  waiting = 0;
  isAlone = false;
  isInside = false;
  mayBeAlone = true;
  elsewhere = 0;
  readonly clock = new Clock();
  readonly lone = new LoneProgram({
    send: (kind) => void this.toProcess.push(kind),
    whenAble: () => 'said',
    load: () => this.programs + this.onTheirWay,
    mayBeAlone: () => this.mayBeAlone,
    after: (ms, act) => this.clock.after(ms, act),
    onAccess: () => this.place(),
  });

  place(): void {
    while (this.waiting > 0) {
      const { access } = this.lone;
      if (access === 'askable') return this.lone.want();
      this.waiting -= 1;
      if (access === 'occupied') this.elsewhere += 1;
      else this.start();
    }
  }

  start(): void {
    this.onTheirWay += 1;
    this.lone.starts();
    this.toProcess.push(Down.Start);
  }

  /** The process reads one message, if it is not inside. */
  read(): void {
    if (this.isInside) return;
    switch (this.toProcess.shift()) {
      case Down.Start:
        this.onTheirWay -= 1;
        this.programs += 1;
        break;
      case Down.Alone:
        this.isAlone = true;
        break;
      case Down.Share:
        this.isAlone = false;
        this.toHost.push('shared');
        break;
    }
  }

  hear(): void {
    const message = this.toHost.shift();
    if (message !== undefined) assert.ok(this.lone.said(message), `refused ${message}`);
  }
}

const MOVES = {
  come: (play: Play) => {
    play.waiting += 1;
    play.place();
  },
  read: (play: Play) => play.read(),
  hear: (play: Play) => play.hear(),
  look: (play: Play) => play.lone.look(),
  compute: (play: Play) => {
    play.isInside = play.isAlone && play.programs === 1;
  },
  rest: (play: Play) => {
    play.isInside = false;
  },
  end: (play: Play) => {
    if (play.isInside || play.programs === 0) return;
    play.programs -= 1;
    play.place();
  },
  blame: (play: Play) => {
    play.mayBeAlone = false;
  },
  forgive: (play: Play) => {
    play.mayBeAlone = true;
  },
  wait: (play: Play) => play.clock.pass(5),
} as const;

type Move = keyof typeof MOVES;

/** What the host knows of a process with one program, which may be left alone. */
function oneLone(able: WhenAble = 'said', load = 1) {
  const clock = new Clock();
  const sent: number[] = [];
  const lone = new LoneProgram({
    send: (kind) => void sent.push(kind),
    whenAble: () => able,
    load: () => load,
    mayBeAlone: () => true,
    after: (ms, act) => clock.after(ms, act),
    onAccess: () => {},
  });
  return { clock, lone, sent };
}

describe('A program that is left alone', () => {
  it('is never inside while another one is on its way to its process, or lives there', () => {
    const often = fc.constantFrom<Move>('come', 'read', 'hear', 'compute', 'rest', 'end');
    const seldom = fc.constantFrom<Move>('look', 'blame', 'forgive', 'forgive', 'wait');
    const moves = fc.array(fc.oneof({ arbitrary: often, weight: 4 }, seldom), {
      minLength: 20,
      maxLength: 80,
    });
    let wasInside = 0;
    fc.assert(
      fc.property(moves, (all) => {
        const play = new Play();
        play.toHost.push('able');
        play.hear();
        for (const move of all) {
          MOVES[move](play);
          if (!play.isInside) continue;
          wasInside += 1;
          assert.equal(play.programs + play.onTheirWay, 1, 'another one would wait for it');
        }
        // Whoever waits goes elsewhere in a bounded time, even if the program never rests.
        play.hear();
        for (let round = 0; round < 3; round += 1) {
          play.clock.pass(5);
        }
        assert.ok(play.waiting === 0 || !play.isInside);
        // When it rests, everything that was said is answered, and everybody is served.
        play.isInside = false;
        for (let round = 0; round < 200; round += 1) {
          play.read();
          play.hear();
        }
        play.place();
        for (let round = 0; round < 50; round += 1) {
          play.read();
          play.hear();
        }
        assert.deepEqual([play.waiting, play.onTheirWay], [0, 0]);
      }),
      { numRuns: 2_000 },
    );
    assert.ok(wasInside > 500, `only ${wasInside} moments`);
  });

  it('is not left alone by a process that says what it may not', () => {
    const { lone } = oneLone();
    assert.equal(lone.said('shared'), false);
    assert.equal(lone.said('able'), true);
    assert.equal(lone.said('able'), false);
    assert.equal(lone.said('shared'), false);
    lone.want();
    assert.equal(lone.said('shared'), true);
    assert.equal(lone.said('shared'), false);
  });

  it('is left alone once one has started, by a process of which that is known', () => {
    const { lone, sent } = oneLone('started');
    lone.starts();
    assert.deepEqual([lone.said('able'), sent], [false, []]);
    lone.started();
    assert.deepEqual(sent, [Down.Alone]);
    lone.want();
    lone.started();
    assert.equal(lone.said('shared'), true);
    assert.deepEqual(sent, [Down.Alone, Down.Share]);
  });

  it('is never left alone by a process that may not', () => {
    const { lone, sent } = oneLone('never');
    lone.starts();
    lone.started();
    lone.look();
    assert.deepEqual([lone.said('able'), lone.said('shared'), sent], [false, false, []]);
  });

  for (const [options, wanted] of [
    [{}, 'never'],
    [{ aloneAfter: 0, endWithHost: ['setpriv'] }, 'never'],
    [{ aloneAfter: 8 }, 'said'],
    [{ aloneAfter: 8, endWithHost: [] }, 'said'],
    [{ aloneAfter: 8, endWithHost: ['setpriv'] }, 'started'],
  ] as const) {
    it(`can be left alone: ${wanted}, with ${JSON.stringify(options)}`, () => {
      assert.equal(whenAble(options), wanted);
    });
  }

  it('is left alone in any case only while it is the only one', () => {
    const { lone, sent } = oneLone('started', 2);
    lone.started();
    assert.deepEqual(sent, []);
  });

  it('that is to stop has a moment for it, and none if it has not made room', () => {
    const { clock, lone } = oneLone();
    let ends = 0;
    const end = () => {
      ends += 1;
    };
    lone.killed(end);
    clock.pass(1_000);
    assert.equal(ends, 0, 'a thread can be stopped');
    lone.said('able');
    lone.killed(end);
    clock.pass(9);
    assert.equal(ends, 0);
    clock.pass(1);
    assert.equal(ends, 1);
    lone.want();
    clock.pass(5);
    lone.killed(end);
    assert.equal(ends, 2);
  });
});
