import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { spawnHost } from '../../host/index.ts';
import { connect, ugly } from './mcp-servers.ts';

// Run by a test with few descriptors: starts processes while there are none left, and again when there are some.

/** Uses up all descriptors except this many. */
function starve(left: number): Disposable {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync(devNull, 'r'));
  } catch {
    for (const descriptor of taken.splice(0, left)) closeSync(descriptor);
  }
  return { [Symbol.dispose]: () => taken.forEach((descriptor) => void closeSync(descriptor)) };
}

async function outcome(starting: () => Promise<AsyncDisposable>): Promise<string> {
  try {
    await using _started = await starting();
    return 'started';
  } catch (error) {
    return String(error);
  }
}

const both = async () => [
  await outcome(() => spawnHost()),
  await outcome(() => connect({ ugly: ugly('well') })),
];

const enough = await both();
const none: string[][] = [];
for (let left = 0; left < 8; left += 1) {
  using _starved = starve(left);
  none.push(await both());
}
console.log(JSON.stringify({ enough, none, again: await both() }));
