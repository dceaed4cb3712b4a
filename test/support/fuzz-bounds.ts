/** How long fuzz targets run, in milliseconds; 0 for the number of runs that each target sets. */
const FUZZ_MS = Number(process.env.CELLHOST_FUZZ_MS ?? 0);

/** The runs of a fuzz target: this many, or for as long as `CELLHOST_FUZZ_MS` says. */
export function fuzzBounds(numRuns: number) {
  if (FUZZ_MS === 0) return { numRuns };
  const bound = { interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false };
  return { numRuns: Number.MAX_SAFE_INTEGER, ...bound };
}

/** The duration of a fuzz target without a number of runs, in milliseconds: this long, or `CELLHOST_FUZZ_MS`. */
export function fuzzMs(defaultMs: number): number {
  return FUZZ_MS === 0 ? defaultMs : FUZZ_MS;
}

/** The seed of a fuzz target: random, or `CELLHOST_FUZZ_SEED` to replay a failure. */
export function fuzzSeed(): number {
  return Number(process.env.CELLHOST_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

/** The timeout of a suite with that many fuzz targets, in milliseconds. */
export function fuzzTimeout(targets: number): number {
  return 60_000 + 2 * targets * FUZZ_MS;
}
