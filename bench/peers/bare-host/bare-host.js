// The least that a host out of process can be: a process that greets, and then passes messages on to another
// one, unread. That one runs the cells. There are no checks, limits or deadlines, and nothing can be stopped,
// so what this takes is the floor under any host that is made of two such processes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const PREFIX_BYTES = 4;
const READY = JSON.stringify({ type: 'connection/ready', selectedVersion: 1, capabilities: [] });

const engine = spawn(
  process.execPath,
  ['--no-node-snapshot', join(import.meta.dirname, 'bare-engine.js')],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
engine.stdin.on('error', () => {});
passOn(engine.stdout, process.stdout);

// Clients wait for the answer to their greeting before they send more.
process.stdin.once('data', () => {
  const bytes = Buffer.from(`    ${READY}`);
  bytes.writeUInt32LE(bytes.length - PREFIX_BYTES);
  process.stdout.write(bytes);
  passOn(process.stdin, engine.stdin);
});
process.stdin.on('end', () => engine.kill('SIGKILL'));

/**
 * Passes each message on when it is whole: whoever checks messages cannot do so earlier.
 *
 * @param {NodeJS.ReadableStream} from @param {NodeJS.WritableStream & { cork(): void; uncork(): void }} to
 */
function passOn(from, to) {
  /** The beginning of a message. @type {Buffer[]} */
  let held = [];
  let missing = 0;
  from.on('data', (/** @type {Buffer} */ next) => {
    const isPrefixSplit = missing === 0 && held.length > 0;
    const chunk = isPrefixSplit ? Buffer.concat([...held.splice(0), next]) : next;
    let at = Math.min(missing, chunk.length);
    missing -= at;
    while (missing === 0 && chunk.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + chunk.readUInt32LE(at);
      missing = Math.max(0, end - chunk.length);
      if (missing === 0) at = end;
    }
    if (missing > 0 && at === chunk.length) return void held.push(chunk);
    to.cork();
    for (const part of held) to.write(part);
    to.write(chunk.subarray(0, at));
    to.uncork();
    held = at < chunk.length ? [chunk.subarray(at)] : [];
  });
}
