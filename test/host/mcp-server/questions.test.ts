import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Questions } from '../../../host/mcp-server/questions.ts';
import { Cancelled } from '../../../src/errors.ts';

const QUESTION = {
  message: 'Really?',
  requestedSchema: { type: 'object' as const, properties: {} },
};
const never = new AbortController().signal;

describe('Questions', () => {
  it('puts all open questions in a round, and hands each its answer', async () => {
    const questions = new Questions();
    const first = questions.ask(QUESTION, never);
    const second = questions.ask(QUESTION, never);
    const round = questions.round();
    assert.deepEqual([...round.questions.keys()], ['q1', 'q2']);
    const answers = { q1: { action: 'accept', content: { a: 1 } }, q2: { action: 'decline' } };
    assert.equal(questions.answer(round.nonce, answers), true);
    assert.deepEqual(await first, { action: 'accept', content: { a: 1 } });
    assert.deepEqual(await second, { action: 'decline' });
    assert.equal(questions.size, 0);
  });

  it('takes an answer once, and none of a round before', () => {
    const questions = new Questions();
    void questions.ask(QUESTION, never);
    const old = questions.round();
    const latest = questions.round();
    const answers = { q1: { action: 'accept' } };
    assert.equal(questions.answer(old.nonce, answers), false);
    assert.equal(questions.size, 1);
    assert.equal(questions.answer(latest.nonce, answers), true);
    assert.equal(questions.answer(latest.nonce, answers), false);
  });

  it('keeps a question open whose answer cannot be read', () => {
    const questions = new Questions();
    void questions.ask(QUESTION, never);
    for (const value of [undefined, null, 1, {}, { action: 'allow' }]) {
      assert.equal(
        questions.answer(questions.round().nonce, { q1: value, q9: { action: 'accept' } }),
        true,
      );
      assert.equal(questions.size, 1);
    }
  });

  it('knows a question by the name it was given, unless that is taken or no short word', () => {
    const questions = new Questions();
    void questions.ask(QUESTION, never, 'user_name');
    void questions.ask(QUESTION, never, 'q1');
    for (const name of ['user_name', '', 'two words', 'x'.repeat(65), undefined]) {
      void questions.ask(QUESTION, never, name);
    }
    const keys = [...questions.round().questions.keys()];
    assert.deepEqual(keys, ['user_name', 'q1', 'q2', 'q3', 'q4', 'q5', 'q6']);
  });

  it('does not take the answer to a question for one that got its name later', async () => {
    const questions = new Questions();
    const controller = new AbortController();
    const first = questions.ask(QUESTION, controller.signal, 'q1');
    const { nonce } = questions.round();
    controller.abort(new Cancelled('terminate'));
    await assert.rejects(first);
    void questions.ask(QUESTION, never);
    assert.deepEqual([...questions.round().questions.keys()], ['q1']);
    assert.equal(questions.answer(nonce, { q1: { action: 'accept' } }), false);
    assert.equal(questions.size, 1);
  });

  it('does not take an answer of the same round for it either', async () => {
    const questions = new Questions();
    const controller = new AbortController();
    const first = questions.ask(QUESTION, controller.signal, 'q1');
    const { nonce } = questions.round();
    controller.abort(new Cancelled('terminate'));
    await assert.rejects(first);
    void questions.ask(QUESTION, never);
    assert.equal(questions.answer(nonce, { q1: { action: 'accept' } }), true);
    assert.equal(questions.size, 1);
  });

  it('forgets a question when nobody waits for its answer any more', async () => {
    const questions = new Questions();
    const controller = new AbortController();
    const asked = questions.ask(QUESTION, controller.signal);
    controller.abort(new Cancelled('terminate'));
    await assert.rejects(asked, { name: 'AbortError' });
    assert.equal(questions.size, 0);
    await assert.rejects(async () => questions.ask(QUESTION, controller.signal));
  });
});
