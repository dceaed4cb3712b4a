import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeLine } from '../../../host/acp/lines/seen-line.ts';
import { OwnRequests } from '../../../host/acp/own-requests.ts';
import { assertNoListeners } from '../../support/leaks.ts';

interface Sent {
  readonly id: string;
  readonly method: string;
  readonly params: { readonly requestId?: string };
}

function setup() {
  const sent: Sent[] = [];
  const requests = new OwnRequests((line) => void sent.push(JSON.parse(line)));
  const answer = (message: object) => {
    const line = Buffer.from(JSON.stringify({ id: sent[0]?.id, ...message }));
    const seen = seeLine(line);
    assert.equal(seen.type, 'answer');
    requests.settle(seen.id, line, seen.result);
    return seen.id;
  };
  return { sent, requests, answer };
}

describe('OwnRequests', () => {
  it('knows its own ids before and after the answer, and no others', async () => {
    const { requests, answer } = setup();
    const { signal } = new AbortController();
    const asked = requests.ask('m', {}, signal);
    const id = answer({ result: { a: 1 } });
    assert.deepEqual(await asked, { a: 1 });
    assert.ok(requests.owns(id));
    for (const other of ['1', '"1"', '"cellhost-1"', 'null']) assert.ok(!requests.owns(other));
    answer({ result: { a: 2 } });
    assert.equal(requests.size, 0);
    assertNoListeners(signal);
  });

  it('rejects for an error, a result that is too long, and a question that is taken back', async () => {
    for (const message of [{ error: { code: 1 } }, { result: 'x'.repeat(1 << 21) }]) {
      const { requests, answer } = setup();
      const asked = requests.ask('m', {}, new AbortController().signal);
      answer(message);
      await assert.rejects(asked, /error|too long/);
    }
    const { requests, sent } = setup();
    const asked = requests.ask('m', {}, new AbortController().signal);
    requests.withdraw(JSON.stringify(sent[0]?.id));
    await assert.rejects(asked, /cancelled/);
  });

  it('tells the editor when nobody waits any more, and takes a late answer for nothing', async () => {
    const { requests, sent, answer } = setup();
    const controller = new AbortController();
    const asked = requests.ask('m', {}, controller.signal);
    controller.abort(new Error('over'));
    await assert.rejects(asked, /over/);
    assert.equal(sent[1]?.method, '$/cancel_request');
    assert.equal(sent[1]?.params.requestId, sent[0]?.id);
    answer({ result: 1 });
  });
});
