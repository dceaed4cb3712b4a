import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Card } from '../../../host/acp/editor-messages.ts';
import { TurnBoard } from '../../../host/acp/turn-board.ts';

const DONE = { status: 'completed', text: 'all of it' } as const;

function cardOf(id: string): Card {
  return {
    id,
    title: `t${id}`,
    kind: 'other',
    inputJson: '{"a":1}',
    cellId: '1',
    parentId: undefined,
  };
}

function setup(version: 1 | 2 = 1) {
  const sent: Record<string, unknown>[] = [];
  const board = new TurnBoard(
    version,
    () => 'more',
    (update) => void sent.push({ ...update }),
  );
  return { board, sent };
}

describe('TurnBoard', () => {
  it('sends nothing between turns, and shows it shortly in the next one', () => {
    const { board, sent } = setup();
    board.begin(cardOf('1'), 'in_progress');
    board.begin(cardOf('2'), 'pending');
    board.end(cardOf('1'), DONE);
    assert.deepEqual(sent, []);
    board.open();
    const shown = sent.map(({ toolCallId, status, rawInput, content }) => [
      toolCallId,
      status,
      rawInput,
      content,
    ]);
    assert.deepEqual(shown, [
      ['1', 'completed', undefined, undefined],
      ['2', 'pending', undefined, undefined],
    ]);
  });

  it('ends a card in the next turn that was open when its turn ended', () => {
    const { board, sent } = setup();
    board.open();
    board.begin(cardOf('1'), 'in_progress');
    board.close();
    board.end(cardOf('1'), DONE);
    assert.equal(sent.length, 1);
    board.open();
    assert.deepEqual(
      [sent[1]?.sessionUpdate, sent[1]?.toolCallId, sent[1]?.status],
      ['tool_call_update', '1', 'completed'],
    );
  });

  it('shows 50 calls between turns, and says how many more there were', () => {
    const { board, sent } = setup();
    for (let n = 0; n < 60; n += 1) {
      board.begin(cardOf(String(n)), 'in_progress');
      board.end(cardOf(String(n)), DONE);
    }
    board.open();
    assert.equal(sent.length, 51);
    assert.deepEqual(sent.at(-1)?.title, '10 more calls since the last turn');
  });

  it('lets questions wait for a turn', async () => {
    const { board } = setup();
    const { signal } = new AbortController();
    let isOpen = false;
    const waiting = board.whenOpen(signal).then(() => {
      isOpen = true;
    });
    await new Promise(setImmediate);
    assert.equal(isOpen, false);
    board.open();
    await waiting;
    const controller = new AbortController();
    board.close();
    const given = board.whenOpen(controller.signal);
    controller.abort();
    await assert.rejects(given, { name: 'AbortError' });
  });

  for (const version of [1, 2] as const) {
    it(`makes each card before it changes it, and ends it once, in version ${version}`, () => {
      const move = fc.record({
        what: fc.constantFrom('begin', 'allow', 'end', 'open', 'close'),
        id: fc.nat({ max: 3 }),
      });
      fc.assert(
        fc.property(fc.array(move, { minLength: 40, maxLength: 80 }), (moves) => {
          const { board, sent } = setup(version);
          const begun = new Set<string>();
          let isOpen = false;
          for (const [at, { what, id }] of moves.entries()) {
            const before = sent.length;
            const card = cardOf(String(id));
            if (what === 'begin' && !begun.has(card.id)) {
              begun.add(card.id);
              board.begin(card, at % 2 ? 'pending' : 'in_progress');
            } else if (what === 'allow') board.allow(card);
            else if (what === 'end') board.end(card, DONE);
            else if (what === 'open') board.open();
            else if (what === 'close') board.close();
            isOpen = what === 'open' || (isOpen && what !== 'close');
            if (!isOpen) assert.equal(sent.length, before);
          }
          const made = new Set<unknown>();
          const ended = new Set<unknown>();
          for (const { toolCallId, title, status } of sent) {
            assert.ok(title !== undefined ? !made.has(toolCallId) : made.has(toolCallId));
            assert.ok(!ended.has(toolCallId));
            made.add(toolCallId);
            if (status === 'completed') ended.add(toolCallId);
          }
        }),
      );
    });
  }
});
