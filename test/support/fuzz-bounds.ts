/** For how long fuzz targets run, in milliseconds; as often as each says where it is not set. */
const FUZZ_MS = Number(process.env.CELLHOST_FUZZ_MS ?? 0);

/** How often a fuzz target is run: so often, or as long as `CELLHOST_FUZZ_MS` says. */
export function fuzzBounds(numRuns: number) {
  if (FUZZ_MS === 0) return { numRuns };
  const bound = { interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false };
  return { numRuns: Number.MAX_SAFE_INTEGER, ...bound };
}

/** For how long a fuzz target without a number of runs is run, in milliseconds: so long, or as `CELLHOST_FUZZ_MS` says. */
export function fuzzMs(defaultMs: number): number {
  return FUZZ_MS === 0 ? defaultMs : FUZZ_MS;
}

/** Where a fuzz target begins: anywhere, or where `CELLHOST_FUZZ_SEED` says, to replay a failure. */
export function fuzzSeed(): number {
  return Number(process.env.CELLHOST_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

/** What a suite of that many fuzz targets may take, in milliseconds. */
export function fuzzTimeout(targets: number): number {
  return 60_000 + 2 * targets * FUZZ_MS;
}
