/** A domain that begins and ends at a round number. */
export function logDomain(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const ticks = roundNumbers(low / 10, high * 10);
  return [ticks.findLast((tick) => tick <= low)!, ticks.find((tick) => tick >= high)!];
}

/** 1, 2, 5, 10 …, or powers of ten if that would be too many. */
export function logTicks([low, high]: readonly [number, number]): readonly number[] {
  const all = roundNumbers(low, high);
  return all.length <= 8 ? all : all.filter((tick) => Number.isInteger(Math.log10(tick)));
}

/** Four to nine round numbers from 0 on. */
export function linearTicks(high: number): readonly number[] {
  const decade = 10 ** Math.floor(Math.log10(high / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).findLast((each) => high / each >= 4);
  const distance = step ?? decade;
  return Array.from({ length: Math.floor(high / distance) + 1 }, (_, n) =>
    Number((n * distance).toPrecision(6)),
  );
}

/**
 * The values whose labels do not touch, always with the largest.
 *
 * @param place The position of a value, in pixels.
 * @param width The width of its label, in pixels.
 */
export function ticksThatFit(
  values: readonly number[],
  place: (value: number) => number,
  width: (value: number) => number,
): readonly number[] {
  const kept: number[] = [];
  for (const value of values.toReversed()) {
    const right = place(value) + width(value) / 2;
    const next = kept.at(-1);
    if (next === undefined || right + 6 <= place(next) - width(next) / 2) kept.push(value);
  }
  return kept.reverse();
}

/** 1, 2, 5 times powers of ten. */
function roundNumbers(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(low));
  const decades = Math.ceil(Math.log10(high)) - first + 1;
  return Array.from({ length: decades }, (_, n) => [1, 2, 5].map((step) => `${step}e${first + n}`))
    .flat()
    .map(Number)
    .filter((tick) => tick >= low && tick <= high);
}
