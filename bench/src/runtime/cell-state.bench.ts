import { Bench } from 'tinybench';
import { initialState, transition } from '../../../src/runtime/cell-state.ts';
import type { CellState, Input } from '../../../src/runtime/cell-types.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timedSync,
} from '../../support/measurement.ts';

const LIVES_PER_SAMPLE = 1_000;
const OUTPUT: Input = { type: 'output', item: { type: 'input_text', text: 'text' } };
const END = { failure: null, notes: [] };

const COMPLETED: readonly Input[] = [
  { type: 'observe', observer: { id: 1, mode: 'yield' } },
  ...Array.from({ length: 8 }, () => OUTPUT),
  { type: 'elapsed', id: 1 },
  { type: 'observe', observer: { id: 2, mode: 'yield' } },
  ...Array.from({ length: 8 }, () => OUTPUT),
  { type: 'finish', end: END },
  { type: 'callbacks-closed' },
  { type: 'committed', notes: [] },
];

const TERMINATED: readonly Input[] = [
  { type: 'observe', observer: { id: 1, mode: 'yield' } },
  OUTPUT,
  { type: 'terminate', id: 2 },
  { type: 'callbacks-closed' },
];

/** How long does one step of a cell's state machine take? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const bench = new Bench(
    benchOptions('one transition()', pace, { samples: 50, timeMs: 500, warmups: 10 }),
  );
  const add = (name: string, life: readonly Input[]) => {
    bench.add(name, () => {
      let closed = 0;
      const time = timedSync(() => {
        if (live(life).phase === 'closed') closed += 1;
      }, LIVES_PER_SAMPLE);
      check('Closed cells', closed, LIVES_PER_SAMPLE);
      return { ...time, overriddenDuration: time.overriddenDuration / life.length };
    });
  };
  add(`in a life of ${COMPLETED.length} steps, completed`, COMPLETED);
  add(`in a life of ${TERMINATED.length} steps, terminated`, TERMINATED);
  return measured(bench, 'µs');
}

function live(inputs: readonly Input[]): CellState {
  let state = initialState(false);
  for (const input of inputs) [state] = transition(state, input);
  return state;
}
