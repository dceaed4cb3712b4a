/** Runs something. @returns The longest time in which the event loop did not turn meanwhile, in milliseconds. */
export async function standstillMs(work: () => Promise<void>): Promise<number> {
  let longestMs = 0;
  let isOver = false;
  const done = work().finally(() => {
    isOver = true;
  });
  for (let before = performance.now(); !isOver; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    longestMs = Math.max(longestMs, now - before);
    before = now;
  }
  await done;
  return longestMs;
}
