import type { Delegate, Notification, ToolCall } from '../../src/delegate.ts';
import { Cancelled } from '../../src/errors.ts';
import { Held, never } from './gates.ts';

/**
 * A delegate that answers as the test says, and keeps a log.
 *
 * Entries of the log: `1 tool-1 started`, `1 tool-1 cancelled: terminate`, `1 tool-1 finished`, the
 * same for `1 note hello`, and `1 closed`. The number is the cell's; `finished` means returned.
 *
 * Tools by name: `echo`, `fail`, `block` (waits until the test releases it, stops when cancelled),
 * `stubborn` (waits, does not stop), `never`. Notifications that begin with `block`, `stubborn` or
 * `never` do the same.
 */
export class ScriptedDelegate implements Delegate {
  readonly log: string[] = [];
  readonly calls: ToolCall[] = [];
  readonly notifications: Notification[] = [];
  readonly signals: AbortSignal[] = [];
  readonly tools = new Held();
  readonly notes = new Held<void>();
  onTool: (call: ToolCall, signal: AbortSignal) => unknown = (call, signal) =>
    this.#answer(call, signal);
  onNotify: (note: Notification, signal: AbortSignal) => unknown = ({ text }, signal) =>
    this.#deliver(text, signal);
  onClosed: (cellId: string) => void = () => {};
  readonly #watchers = new Set<{ readonly entry: string; readonly resolve: () => void }>();

  async invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown> {
    this.calls.push(call);
    return this.#watch(`${call.cellId} ${call.callId}`, signal, () => this.onTool(call, signal));
  }

  async notify(note: Notification, signal: AbortSignal): Promise<void> {
    this.notifications.push(note);
    await this.#watch(`${note.cellId} note ${note.text}`, signal, () =>
      this.onNotify(note, signal),
    );
  }

  cellClosed(cellId: string): void {
    this.#write(`${cellId} closed`);
    this.onClosed(cellId);
  }

  /** Resolves when the log has this entry. */
  saw(entry: string): Promise<void> {
    if (this.log.includes(entry)) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.add({ entry, resolve }));
  }

  /** Entries of one cell, without its number. */
  logOf(cellId: string): readonly string[] {
    const prefix = `${cellId} `;
    return this.log
      .filter((entry) => entry.startsWith(prefix))
      .map((entry) => entry.slice(prefix.length));
  }

  async #watch(name: string, signal: AbortSignal, work: () => unknown): Promise<unknown> {
    this.signals.push(signal);
    this.#write(`${name} started`);
    const cancelled = () => this.#write(`${name} cancelled: ${reasonOf(signal)}`);
    signal.addEventListener('abort', cancelled);
    try {
      return await work();
    } finally {
      signal.removeEventListener('abort', cancelled);
      this.#write(`${name} finished`);
    }
  }

  #answer({ tool, input }: ToolCall, signal: AbortSignal): unknown {
    switch (tool) {
      case 'fail':
        throw new Error('the tool failed');
      case 'block':
        return this.tools.wait(signal);
      case 'stubborn':
        return this.tools.waitStubbornly();
      case 'never':
        return never();
      default:
        return input;
    }
  }

  #deliver(text: string, signal: AbortSignal): unknown {
    if (text.startsWith('block')) return this.notes.wait(signal);
    if (text.startsWith('stubborn')) return this.notes.waitStubbornly();
    return text.startsWith('never') ? never() : undefined;
  }

  #write(entry: string): void {
    this.log.push(entry);
    for (const watcher of this.#watchers) {
      if (watcher.entry !== entry) continue;
      this.#watchers.delete(watcher);
      watcher.resolve();
    }
  }
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Cancelled ? signal.reason.reason : 'not a Cancelled';
}
