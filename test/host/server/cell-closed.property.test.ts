import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ENDING_MOVE, type Ending, EndingPlay, PLACES } from '../../support/ending-play.ts';
import type { Json } from '../../support/v1-peer.ts';

const RUNS = 400;
const OWN = ['cellhost.cells', 'yield-observation'];
const V1 = ['yield-observation'];

function started(received: readonly Json[]): readonly string[] {
  return received.flatMap((message) => {
    const value = resultOf(message);
    return value?.type === 'execution/started' ? [String(value.cellId)] : [];
  });
}

function resultOf(message: Json): Json | undefined {
  return (message.result as { value?: Json } | undefined)?.value;
}

function closed(received: readonly Json[]): readonly string[] {
  return received.flatMap(({ type, cellId }) => (type === 'cell/closed' ? [String(cellId)] : []));
}

/** The cells a message speaks of that is to come before their `cell/closed`. */
function spokenOf(message: Json, own: boolean): readonly string[] {
  const text = JSON.stringify(message);
  if (message.type === 'delegate/request')
    return /"cell_?[iI]d":"(\d+)"/.exec(text)?.slice(1) ?? [];
  if (own || text.includes('MissingCell')) return [];
  return /"cell_id":"(\d+)"/.exec(text)?.slice(1) ?? [];
}

function checkOrder(received: readonly Json[], own: boolean): void {
  const over = new Set<string>();
  for (const message of received) {
    if (message.type === 'cell/closed') over.add(String(message.cellId));
    for (const id of spokenOf(message, own)) {
      assert.equal(over.has(id), false, `told of ${id} behind its end: ${JSON.stringify(message)}`);
    }
  }
  const last = received.findIndex((message) => resultOf(message)?.type === 'session/closed');
  if (last >= 0) assert.deepEqual(closed(received.slice(last)), []);
}

describe('The end of a cell, whatever its cause', () => {
  for (const [client, capabilities] of [
    ['version 1', V1],
    ['cellhost.cells', OWN],
  ] as const) {
    for (const place of PLACES) {
      it(`is reported once to a client of ${client} whose session runs ${place}`, async (t) => {
        t.mock.timers.enable({ apis: ['setTimeout'] });
        const own = capabilities === OWN;
        const moves = fc.array(ENDING_MOVE, { maxLength: 24, size: 'max' });
        const later = fc.array(ENDING_MOVE, { maxLength: 4 });
        const ending = fc.constantFrom<Ending>('shutdown', 'host closes', 'client goes');
        let told = 0;
        const property = fc.asyncProperty(moves, ending, later, async (moves, ending, later) => {
          const play = new EndingPlay(place);
          await play.start(capabilities);
          await play.play(moves);
          await play.end(ending, later, () => t.mock.timers.tick(100));
          const ids = closed(play.received);
          const wanted = [...started(play.received), ...(own ? play.foreign : [])].toSorted();
          if (ending !== 'client goes') assert.deepEqual(ids.toSorted(), wanted);
          assert.equal(new Set(ids).size, ids.length, `told twice: ${ids}`);
          assert.deepEqual(
            ids.filter((id) => !wanted.includes(id)),
            [],
          );
          checkOrder(play.received, own);
          told += ids.length;
        });
        await fc.assert(property, { numRuns: RUNS });
        assert.ok(told > RUNS / 2, `${told} ends were told`);
      });
    }
  }
});
