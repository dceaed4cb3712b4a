/** Which programs of a session run, and which wait for their turn, in the order in which they came. */
export interface Turns<P> {
  readonly running: readonly P[];
  readonly waiting: readonly P[];
}

/** What a program wants. Asking twice changes nothing. */
export interface TurnInput<P> {
  /** To run now, or to stop running or waiting. */
  readonly type: 'take' | 'leave';
  readonly program: P;
}

/** The turns of a session that runs nothing. */
export const NO_TURNS: Turns<never> = { running: [], waiting: [] };

/**
 * Decides who runs: at most `max` programs at a time, first come, first served.
 *
 * @param max At least 1.
 * @returns The next state, and the program that has its turn because of the input; null if there is none.
 */
export function nextTurns<P>(
  turns: Turns<P>,
  { type, program }: TurnInput<P>,
  max: number,
): readonly [Turns<P>, P | null] {
  const { running, waiting } = turns;
  const isRunning = running.includes(program);
  switch (type) {
    case 'take':
      if (isRunning || waiting.includes(program)) return [turns, null];
      if (running.length < max) return [{ running: [...running, program], waiting }, program];
      return [{ running, waiting: [...waiting, program] }, null];
    case 'leave': {
      if (!isRunning) return [{ running, waiting: without(waiting, program) }, null];
      const rest = without(running, program);
      const [first, ...others] = waiting;
      if (first === undefined) return [{ running: rest, waiting }, null];
      return [{ running: [...rest, first], waiting: others }, first];
    }
  }
}

function without<P>(programs: readonly P[], program: P): readonly P[] {
  return programs.filter((other) => other !== program);
}
