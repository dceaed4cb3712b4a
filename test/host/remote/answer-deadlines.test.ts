import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AnswerDeadlines } from '../../../host/remote/answer-deadlines.ts';

/** Deadlines with a margin of 100 ms: the clock is looked at every 10 ms. */
function setUp(t: TestContext, marginMs = 100) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const late: string[] = [];
  const deadlines = new AnswerDeadlines(marginMs, ({ message }) => {
    late.push(message);
    deadlines.clear();
  });
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) t.mock.timers.tick(10);
  };
  return { deadlines, late, pass };
}

describe('AnswerDeadlines', () => {
  it('reports a late answer after its own time and the margin, and not before', (t) => {
    const { deadlines, late, pass } = setUp(t);
    deadlines.expect(1, 'session/wait', 200);
    deadlines.expect(2, 'session/values', 1_000);
    pass(300);
    assert.deepEqual(late, []);
    pass(10);
    assert.deepEqual(late, ['code-mode host did not answer session/wait within 300 ms']);
  });

  it('reports nothing for an answer that arrived', (t) => {
    const { deadlines, late, pass } = setUp(t);
    deadlines.expect(1, 'session/cells', 0);
    pass(90);
    deadlines.settle(1);
    pass(500);
    assert.deepEqual(late, []);
    deadlines.expect(2, 'session/cells', 0);
    pass(110);
    assert.equal(late.length, 1);
  });

  it('leaves only the margin to a request whose caller stopped waiting', (t) => {
    const { deadlines, late, pass } = setUp(t);
    deadlines.expect(1, 'session/wait', Number.POSITIVE_INFINITY);
    pass(5_000);
    assert.deepEqual(late, []);
    deadlines.hurry(1, 0);
    pass(100);
    assert.deepEqual(late, []);
    pass(10);
    assert.deepEqual(late, ['code-mode host did not answer session/wait within 100 ms']);
  });

  it('gives no more time to a request whose caller stops waiting late', (t) => {
    const { deadlines, late, pass } = setUp(t);
    deadlines.expect(1, 'session/terminate', 0);
    pass(60);
    deadlines.hurry(1, 0);
    deadlines.hurry(7, 0);
    pass(50);
    assert.deepEqual(late, ['code-mode host did not answer session/terminate within 100 ms']);
  });

  it('does not count time in which this process could not hear its host', (t) => {
    const { deadlines, late, pass } = setUp(t);
    deadlines.expect(1, 'session/terminate', 0);
    t.mock.timers.tick(60_000);
    t.mock.timers.tick(60_000);
    assert.deepEqual(late, []);
    pass(90);
    assert.equal(late.length, 1);
  });

  it('never reports anything with an infinite margin', (t) => {
    const { deadlines, late, pass } = setUp(t, Number.POSITIVE_INFINITY);
    deadlines.expect(1, 'session/terminate', 0);
    deadlines.hurry(1, 0);
    pass(5_000);
    assert.deepEqual(late, []);
  });
});
