import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ignoreErrors } from '../io/ignore-errors.ts';

/**
 * A line on its input, and it has nothing to do. The end without a line, and we were killed. The signals
 * are given with `-s`: not every shell takes the id of a group behind `-TERM --`.
 */
const SCRIPT = `
read -r _ && exit 0
kill -s TERM -- "-$1" 2>/dev/null
rm -rf -- "$2"
sleep 2
kill -s KILL -- "-$1" 2>/dev/null
exit 0`;

/**
 * Ends a process group and removes a folder if this process is killed, which nobody inside it can.
 *
 * A shell waits for that. Without one, as on Windows, nothing is done.
 */
export class LastWill implements AsyncDisposable {
  readonly #gone: Promise<unknown>;
  readonly #revoke: () => void;

  constructor(groupId: number, folder: string) {
    if (process.platform === 'win32') {
      this.#gone = Promise.resolve();
      this.#revoke = () => {};
      return;
    }
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', String(groupId), folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    ignoreErrors(child);
    ignoreErrors(child.stdin);
    this.#gone = once(child, 'close').catch(() => {});
    this.#revoke = () => void child.stdin.end('over\n');
  }

  /** There is nothing to do any more. Resolves when the shell is gone. Safe to call twice. */
  async revoke(): Promise<void> {
    this.#revoke();
    await this.#gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.revoke();
  }
}
