import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SessionTurns } from '../../../sandbox/isolate/session-turns.ts';
import { settled } from '../../support/gates.ts';

const SESSION = Symbol('session');

/** Turns of which one program at a time has one, and what the programs were told. */
function setUp(max = 1) {
  const turns = new SessionTurns(max);
  const log: string[] = [];
  const join = (name: string, session = SESSION) =>
    turns.join(session, (isWaiting) => log.push(`${name} ${isWaiting ? 'waits' : 'proceeds'}`));
  return { turns, log, join };
}

describe('SessionTurns', () => {
  it('gives a turn that was left to the next program', async () => {
    const { join } = setUp();
    const [first, second] = [join('first'), join('second')];
    assert.equal(first.take(), null);
    const given = second.take();
    assert.notEqual(given, null);
    first.leave();
    assert.equal(await given, true);
    assert.notEqual(first.take(), null);
  });

  it('lets no session wait for another one', () => {
    const { join } = setUp();
    assert.equal(join('first').take(), null);
    assert.equal(join('second', Symbol('other')).take(), null);
  });

  it('lets one program run whatever the limit', () => {
    const { join } = setUp(0);
    assert.equal(join('first').take(), null);
  });

  it('ends the wait of a program that is over, and gives it no turn later', async () => {
    const { join } = setUp();
    const [first, second, third] = [join('first'), join('second'), join('third')];
    void first.take();
    const [given, next] = [second.take(), third.take()];
    second.close();
    assert.equal(await given, false);
    first.close();
    first.close();
    assert.equal(await next, true);
    assert.equal(await first.take(), false);
  });

  it('forgets sessions that run nothing', () => {
    const { turns, join } = setUp();
    const turn = join('first');
    void turn.take();
    assert.equal(turns.size, 1);
    turn.close();
    assert.equal(turns.size, 0);
  });

  it('tells a program that it waits after 500 ms, and that it proceeds', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { log, join } = setUp();
    const [first, second] = [join('first'), join('second')];
    void first.take();
    void second.take();
    t.mock.timers.tick(499);
    assert.deepEqual(log, []);
    t.mock.timers.tick(1);
    assert.deepEqual(log, ['second waits']);
    first.leave();
    assert.deepEqual(log, ['second waits', 'second proceeds']);
  });

  it('tells nothing of a short wait, or of one that ended with its program', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { log, join } = setUp();
    const [first, second, third] = [join('first'), join('second'), join('third')];
    void first.take();
    void second.take();
    void third.take();
    first.leave();
    third.close();
    await settled();
    t.mock.timers.tick(1_000);
    assert.deepEqual(log, []);
  });
});
