import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CellStory, GOOD_END, type Said } from '../../support/cell-story.ts';

const ENDED = ['finish', 'callbacks-closed', 'committed'];

/** Every input, from the separate caller 9. */
const EVERY_INPUT = [
  'output x',
  'yield-control',
  'frontier',
  'finish',
  'callbacks-closed',
  'committed',
  'observe 9',
  'observe-pending 9',
  'unobserve 9',
  'elapsed 9',
  'resume 9 1',
  'terminate 9',
];

/** Asserts that these inputs change nothing and have no effect. */
function ignores(story: CellStory, inputs: readonly Said[]): void {
  for (const said of inputs) {
    const before = story.state;
    assert.deepEqual(story.tell(said), [], String(said));
    assert.deepEqual(story.state, before, String(said));
  }
}

function without(...taken: readonly string[]): readonly string[] {
  return EVERY_INPUT.filter((said) => !taken.some((word) => said.split(' ')[0] === word));
}

describe('A running cell', () => {
  it('keeps its output, in order, for the next observer', () => {
    const story = CellStory.of('output a', 'output b');
    assert.deepEqual(story.tell('observe 1'), ['arm 1']);
    assert.deepEqual(story.tell('elapsed 1'), ['1 is told yielded a b']);
    assert.deepEqual(story.tell('observe 2'), ['arm 2']);
    assert.deepEqual(story.tell('elapsed 2'), ['2 is told yielded']);
  });

  it('wakes its observer when the program yields, if there is one', () => {
    const story = CellStory.of('output a', 'yield-control', 'observe 1', 'output b');
    assert.deepEqual(story.tell('yield-control'), ['1 is told yielded a b']);
    assert.deepEqual(story.tell('yield-control'), []);
  });

  it('does not wake an observer that waits for a frontier when the program yields', () => {
    const story = CellStory.of('observe-pending 1', 'output a');
    assert.deepEqual(story.tell('yield-control'), []);
    assert.deepEqual(story.tell('frontier'), ['1 is told pending a #1']);
  });

  it('refuses a second observer and does not displace the first', () => {
    const story = CellStory.of('observe 1', 'output a');
    assert.deepEqual(story.tell('observe 2'), ['2 is refused: cell_busy']);
    assert.deepEqual(story.tell('observe-pending 3'), ['3 is refused: cell_busy']);
    assert.deepEqual(story.tell('yield-control'), ['1 is told yielded a']);
  });

  it('is not affected by timers or aborts of other callers', () => {
    const story = CellStory.of('observe 1', 'output a');
    ignores(story, ['elapsed 2', 'unobserve 2', 'callbacks-closed', 'committed']);
    assert.deepEqual(story.tell('elapsed 1'), ['1 is told yielded a']);
    ignores(story, ['elapsed 1']);
  });

  it('loses no output when its observer stops waiting, and accepts the next', () => {
    const story = CellStory.of('observe 1', 'output a', 'unobserve 1', 'output b');
    assert.deepEqual(story.tell('observe 2'), ['arm 2']);
    assert.deepEqual(story.tell('elapsed 2'), ['2 is told yielded a b']);
  });

  it('answers a preempted observer of frontiers with the output so far', () => {
    const story = CellStory.of('observe-pending 1', 'output a');
    assert.deepEqual(story.tell('elapsed 1'), ['1 is told yielded a']);
    assert.deepEqual(story.tell('frontier'), []);
    assert.deepEqual(story.tell('observe-pending 2'), ['2 is told pending #1']);
  });

  it('kills its sandbox and drains its callbacks when the program ends', () => {
    const story = CellStory.of('observe 1');
    assert.deepEqual(story.tell('finish'), ['kill-sandbox', 'drain-callbacks']);
    assert.equal(story.phase, 'draining');
  });

  it('kills its sandbox and cancels its callbacks when it is terminated', () => {
    const story = CellStory.of('observe 1');
    assert.deepEqual(story.tell('terminate 2'), ['kill-sandbox', 'cancel-callbacks']);
    assert.equal(story.phase, 'terminating');
  });
});

describe('A draining cell', () => {
  const draining = () => CellStory.of('output a', 'finish');

  it('accepts nothing more from its program', () => {
    ignores(draining(), ['output x', 'yield-control', 'frontier', 'finish', 'committed']);
  });

  it('commits when its callbacks are closed', () => {
    const story = draining();
    assert.deepEqual(story.tell('callbacks-closed'), ['commit']);
    assert.equal(story.phase, 'committing');
  });

  it('answers its observer with the completion at the end, and is then closed', () => {
    const story = CellStory.of('observe 1', 'output a', 'finish', 'callbacks-closed');
    assert.deepEqual(story.tell('committed'), [
      '1 is told completed a',
      'retire delivered',
      'announce-closed',
    ]);
    assert.equal(story.phase, 'closed');
  });

  it('accepts an observer, whose time continues, and refuses a second', () => {
    const story = draining();
    assert.deepEqual(story.tell('observe 1'), ['arm 1']);
    assert.deepEqual(story.tell('observe 2'), ['2 is refused: cell_busy']);
    assert.deepEqual(story.tell('elapsed 1'), ['1 is told yielded a']);
    assert.deepEqual(story.tell('observe-pending 3'), []);
    story.tell('callbacks-closed');
    assert.equal(story.tell('committed')[0], '3 is told completed');
  });

  it('loses nothing when its observer stops waiting', () => {
    const story = draining();
    for (const said of ['observe 1', 'unobserve 1', 'elapsed 1', ...ENDED.slice(1)]) {
      story.tell(said);
    }
    assert.equal(story.tell('observe 2')[0], '2 is told completed a');
  });

  it('is cut short by terminate: terminated, its output kept, nothing committed', () => {
    const story = CellStory.of('observe 1', 'output a', 'finish');
    assert.deepEqual(story.tell('terminate 2'), ['kill-sandbox', 'cancel-callbacks']);
    assert.deepEqual(story.tell('callbacks-closed'), [
      '2 is told terminated a',
      '1 is told terminated a',
      'retire terminated',
      'announce-closed',
    ]);
    assert.deepEqual(story.tell('callbacks-closed'), []);
  });

  it('answers a resume by what it knows of frontiers', () => {
    const story = CellStory.held(true, 'frontier', 'resume 1 1', 'finish');
    assert.deepEqual(story.tell('resume 2 1'), ['2 is told already-running']);
    assert.deepEqual(story.tell('resume 3 2'), ['3 is refused: invalid_generation']);
  });
});

describe('A committing cell', () => {
  const committing = () => CellStory.of('output a', 'finish', 'callbacks-closed');

  it('can no longer be terminated', () => {
    const story = committing();
    assert.deepEqual(story.tell('terminate 1'), ['1 is refused: cell_terminating']);
    assert.equal(story.phase, 'committing');
  });

  it('ignores what comes too late', () => {
    ignores(committing(), [
      'output x',
      'yield-control',
      'frontier',
      'finish',
      'callbacks-closed',
      'elapsed 9',
      'unobserve 9',
    ]);
  });

  it('accepts an observer, and answers it with the completion', () => {
    const story = committing();
    assert.deepEqual(story.tell('observe 1'), ['arm 1']);
    assert.deepEqual(story.tell('observe 2'), ['2 is refused: cell_busy']);
    assert.equal(story.tell('committed')[0], '1 is told completed a');
  });

  it('keeps the completion for the next observer if its observer stopped waiting', () => {
    const story = committing();
    story.tell('observe 1');
    story.tell('unobserve 1');
    assert.deepEqual(story.tell('committed'), ['announce-closed']);
    assert.equal(story.phase, 'completed');
  });

  it('puts the notes of the commit after those of the program', () => {
    const end = { ...GOOD_END, notes: ['program'] };
    const story = CellStory.of('observe 1', { type: 'finish', end }, 'callbacks-closed');
    assert.equal(story.tell('committed commit')[0], '1 is told completed [program] [commit]');
  });

  it('answers a resume by what it knows of frontiers', () => {
    assert.deepEqual(committing().tell('resume 1 1'), ['1 is refused: invalid_generation']);
  });
});

describe('A terminating cell', () => {
  const terminating = () => CellStory.of('output a', 'terminate 1');

  it('refuses a second terminate', () => {
    const story = terminating();
    assert.deepEqual(story.tell('terminate 2'), ['2 is refused: cell_terminating']);
    assert.equal(story.tell('callbacks-closed')[0], '1 is told terminated a');
  });

  it('is missing for observers and for resume', () => {
    const story = terminating();
    assert.deepEqual(story.tell('observe 2'), ['2 is told missing']);
    assert.deepEqual(story.tell('observe-pending 3'), ['3 is told missing']);
    assert.deepEqual(story.tell('resume 4 1'), ['4 is told missing']);
  });

  it('accepts nothing from the program, not even its end', () => {
    ignores(
      terminating(),
      without('callbacks-closed', 'observe', 'observe-pending', 'resume', 'terminate'),
    );
  });

  it('does not answer an observer that stopped waiting meanwhile', () => {
    const story = CellStory.of('observe 1', 'output a', 'terminate 2', 'unobserve 1');
    assert.deepEqual(story.tell('callbacks-closed'), [
      '2 is told terminated a',
      'retire terminated',
      'announce-closed',
    ]);
  });
});

describe('A completed cell', () => {
  const completed = () => CellStory.of('output a', ...ENDED);

  it('announces its end before it is observed', () => {
    const story = CellStory.of('finish', 'callbacks-closed');
    assert.deepEqual(story.tell('committed'), ['announce-closed']);
  });

  it('delivers its completion to an observer of either kind, once', () => {
    for (const kind of ['observe', 'observe-pending']) {
      const story = completed();
      assert.deepEqual(story.tell(`${kind} 1`), ['1 is told completed a', 'retire delivered']);
      assert.deepEqual(story.tell(`${kind} 2`), ['2 is told missing']);
    }
  });

  it('answers a late terminate with its completion', () => {
    const story = completed();
    assert.deepEqual(story.tell('terminate 1'), ['1 is told completed a', 'retire delivered']);
    assert.deepEqual(story.tell('terminate 2'), ['2 is told missing']);
  });

  it('ignores everything else', () => {
    ignores(completed(), without('observe', 'observe-pending', 'resume', 'terminate'));
  });

  it('retires as lost if its sandbox was lost', () => {
    const end = { ...GOOD_END, failure: { kind: 'lost', text: 'gone' } } as const;
    const late = CellStory.of('output a', { type: 'finish', end }, ...ENDED.slice(1));
    assert.deepEqual(late.tell('observe 1'), ['1 is told completed a (lost)', 'retire lost']);
    const watched = CellStory.of('observe 1', { type: 'finish', end }, 'callbacks-closed');
    assert.ok(watched.tell('committed').includes('retire lost'));
  });
});

describe('A closed cell', () => {
  it('is missing for every caller and ignores everything else', () => {
    for (const last of ['observe 1', 'terminate 1']) {
      const story = CellStory.of(...ENDED, last);
      assert.equal(story.phase, 'closed');
      ignores(story, without('observe', 'observe-pending', 'resume', 'terminate'));
      assert.deepEqual(story.tell('observe 2'), ['2 is told missing']);
      assert.deepEqual(story.tell('resume 3 1'), ['3 is told missing']);
      assert.deepEqual(story.tell('terminate 4'), ['4 is told missing']);
    }
  });
});
