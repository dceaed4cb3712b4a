import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HANDOVER_MOVES, HandoverPlay } from '../../support/handover-play.ts';

describe('Handing a session over to a proxy, whatever happens in whatever order', () => {
  it('loses, duplicates and reorders nothing, and answers every request once', async () => {
    const inside = fc.infiniteStream(fc.boolean());
    await fc.assert(
      fc.asyncProperty(HANDOVER_MOVES, inside, async (moves, isInside) => {
        const play = new HandoverPlay(() => isInside.next().value);
        for (const move of moves) await play.play(move);
        await play.finish();
      }),
      { numRuns: 1_500 },
    );
  });
});
