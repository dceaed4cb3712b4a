import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Progress } from '../../../host/mcp-server/progress.ts';

describe('Progress', () => {
  let now = 0;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    mock.method(performance, 'now', () => now);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  /** Lets time pass in small steps. */
  function pass(ms: number): void {
    for (let step = 0; step < ms; step += 10) {
      now += 10;
      mock.timers.tick(10);
    }
  }

  it('sends ten messages a second at most, of which the latest counts', () => {
    const sent: string[] = [];
    using progress = new Progress((_, message) => sent.push(message));
    for (let at = 0; at < 50; at += 1) {
      progress.say(`step ${at}`);
      pass(20);
    }
    assert.ok(sent.length <= 11, String(sent.length));
    assert.equal(sent[0], 'step 0');
    pass(100);
    assert.equal(sent.at(-1), 'step 49');
  });

  it('sends one in 20 s where there is no news', () => {
    const sent: number[] = [];
    using _ = new Progress((progress) => sent.push(progress));
    pass(20_000);
    assert.equal(sent.length, 1);
    pass(40_000);
    assert.equal(sent.length, 4);
    assert.ok(sent.every((value, at) => at === 0 || value > sent[at - 1]!));
  });

  it('sends nothing once it is disposed', () => {
    const sent: string[] = [];
    const progress = new Progress((_, message) => sent.push(message));
    progress.say('one');
    progress.say('two');
    progress[Symbol.dispose]();
    progress.say('three');
    pass(60_000);
    assert.deepEqual(sent, ['one']);
  });
});
