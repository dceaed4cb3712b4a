import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** Destroys a stream. Node.js does not really destroy standard output: unread data would keep the process alive. */
export function destroyOutput(output: Writable): void {
  const isStuck = output === process.stdout && process.stdout.writableLength > 0;
  output.destroy();
  if (isStuck) Socket.prototype._destroy.call(process.stdout, null, () => {});
}
