import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CellStory, GOOD_END } from '../../support/cell-story.ts';

describe('A frontier', () => {
  it('is reported to the observer that waits for it, with the pending calls', () => {
    const story = CellStory.held(true, 'observe-pending 1', 'output a');
    assert.deepEqual(story.tell('frontier tool-1'), ['1 is told pending a #1 tool-1']);
  });

  it('is reported again, unchanged, to the next observer, and nothing moves', () => {
    const story = CellStory.held(true, 'observe-pending 1', 'output a', 'frontier tool-1');
    for (const id of [2, 3]) {
      assert.deepEqual(story.tell(`observe-pending ${id}`), [`${id} is told pending a #1 tool-1`]);
    }
  });

  it('is kept for the next observer if none waits', () => {
    const story = CellStory.held(true, 'observe-pending 1', 'unobserve 1', 'output a');
    assert.deepEqual(story.tell('frontier tool-1'), []);
    assert.deepEqual(story.tell('observe-pending 2'), ['2 is told pending a #1 tool-1']);
  });

  it('is not reached by a cell that runs freely', () => {
    const story = CellStory.of('observe 1', 'output a');
    assert.deepEqual(story.tell('frontier tool-1'), []);
    assert.deepEqual(story.tell('resume 2 1'), ['2 is refused: invalid_generation']);
    assert.deepEqual(story.tell('elapsed 1'), ['1 is told yielded a']);
  });

  it('is not reached twice while the cell is paused', () => {
    const story = CellStory.held(true, 'frontier tool-1');
    assert.deepEqual(story.tell('frontier tool-2'), []);
    assert.deepEqual(story.tell('observe-pending 1'), ['1 is told pending #1 tool-1']);
  });

  it('counts from 1, one by one', () => {
    const story = CellStory.held(true);
    for (let generation = 1; generation <= 3; generation += 1) {
      story.tell('frontier');
      assert.deepEqual(story.tell('observe-pending 1'), [`1 is told pending #${generation}`]);
      assert.deepEqual(story.tell(`resume 2 ${generation}`), ['2 is told resumed', 'step']);
    }
  });

  it('is left once: a second resume learns that, and one for a later frontier is refused', () => {
    const story = CellStory.held(true, 'observe-pending 1', 'frontier');
    for (const wrong of ['0', '-1', '2', 'NaN', 'Infinity']) {
      assert.deepEqual(
        story.tell(`resume 2 ${wrong}`),
        ['2 is refused: invalid_generation'],
        wrong,
      );
    }
    assert.deepEqual(story.tell('resume 3 1'), ['3 is told resumed', 'step']);
    assert.deepEqual(story.tell('resume 4 1'), ['4 is told already-running']);
    assert.deepEqual(story.tell('resume 5 2'), ['5 is refused: invalid_generation']);
  });

  it('names the latest one if a resume is refused', () => {
    const story = CellStory.held(true, 'frontier', 'resume 1 1', 'frontier');
    const before = story.state;
    assert.equal(before.phase === 'running' && before.stepping.latest, 2);
    assert.deepEqual(story.tell('resume 2 3'), ['2 is refused: invalid_generation']);
    assert.deepEqual(story.tell('resume 3 1'), ['3 is told already-running']);
    assert.deepEqual(story.state, before);
  });

  it('that was left is not reported to an observer, which waits for the next', () => {
    const story = CellStory.held(true, 'observe-pending 1', 'output a', 'frontier', 'resume 2 1');
    assert.deepEqual(story.tell('observe-pending 3'), ['hold']);
    story.tell('output b');
    assert.deepEqual(story.tell('frontier'), ['3 is told pending b #2']);
  });

  it('that was not delivered passes on its output when it is left', () => {
    const story = CellStory.held(true, 'output a', 'frontier', 'resume 1 1', 'output b');
    story.tell('frontier');
    assert.deepEqual(story.tell('observe-pending 2'), ['2 is told pending a b #2']);
  });

  it('that was delivered does not repeat its output when it is left', () => {
    const story = CellStory.held(true, 'output a', 'frontier', 'observe-pending 1', 'resume 2 1');
    story.tell('frontier');
    assert.deepEqual(story.tell('observe-pending 3'), ['3 is told pending #2']);
  });

  it('is left by an observer with a time, which lets the cell run freely', () => {
    const story = CellStory.held(true, 'output a', 'frontier');
    assert.deepEqual(story.tell('observe 1'), ['release', 'arm 1']);
    assert.deepEqual(story.tell('frontier'), []);
    assert.deepEqual(story.tell('resume 2 1'), ['2 is told already-running']);
    assert.deepEqual(story.tell('elapsed 1'), ['1 is told yielded a']);
  });

  it('that was delivered and is left by such an observer is not reported again', () => {
    const story = CellStory.held(true, 'output a', 'frontier', 'observe-pending 1', 'observe 2');
    assert.deepEqual(story.tell('elapsed 2'), ['2 is told yielded']);
  });

  it('does not disturb a cell that already runs freely', () => {
    const story = CellStory.of('observe 1', 'elapsed 1');
    assert.deepEqual(story.tell('observe 2'), ['arm 2']);
  });

  it('is requested again by the next observer that waits for one', () => {
    const story = CellStory.held(true, 'frontier', 'observe 1', 'elapsed 1');
    assert.deepEqual(story.tell('observe-pending 2'), ['hold']);
    assert.deepEqual(story.tell('frontier'), ['2 is told pending #2']);
  });
});

describe('A cell that is paused at a frontier', () => {
  it('is terminated with the undelivered output', () => {
    const story = CellStory.held(true, 'output a', 'frontier tool-1');
    assert.deepEqual(story.tell('terminate 1'), ['kill-sandbox', 'cancel-callbacks']);
    assert.equal(story.tell('callbacks-closed')[0], '1 is told terminated a');
  });

  it('is terminated without the delivered output', () => {
    const story = CellStory.held(true, 'output a', 'frontier', 'observe-pending 1', 'terminate 2');
    assert.equal(story.tell('callbacks-closed')[0], '2 is told terminated');
  });

  it('can be lost: its completion has the undelivered output', () => {
    const failure = { kind: 'lost', text: 'exec runtime ended unexpectedly' } as const;
    const lost = { type: 'finish', end: { ...GOOD_END, failure } } as const;
    const unseen = CellStory.held(true, 'output a', 'frontier tool-1', lost, 'callbacks-closed');
    unseen.tell('committed');
    assert.equal(unseen.tell('observe 1')[0], '1 is told completed a (lost)');
    const seen = CellStory.held(true, 'output a', 'frontier', 'observe-pending 1', lost);
    seen.tell('callbacks-closed');
    seen.tell('committed');
    assert.equal(seen.tell('observe 2')[0], '2 is told completed (lost)');
  });
});
