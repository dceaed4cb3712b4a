import { inOneLine } from '../io/visible-text.ts';
import type { CliOutput } from './cli-io.ts';

const REDRAW_MS = 200;
const DEFAULT_COLUMNS = 80;
const ERASE = '\r\u001b[K';

/** One line on a terminal that says what a cell is doing, rewritten in place five times a second. */
export class ProgressLine implements Disposable {
  readonly #terminal: CliOutput;
  readonly #startedAt = Date.now();
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Map<string, string>();
  #done = 0;
  #isShown = false;

  constructor(terminal: CliOutput) {
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  toolStarted(callId: string, tool: string): void {
    this.#running.set(callId, tool);
  }

  toolEnded(callId: string): void {
    this.#running.delete(callId);
    this.#done += 1;
  }

  /** Takes the line away, before something else is written. It comes back with the next redraw. */
  erase(): void {
    if (this.#isShown) this.#terminal.write(ERASE);
    this.#isShown = false;
  }

  /** Takes the line away for good. Safe to call twice. */
  stop(): void {
    clearInterval(this.#timer);
    this.erase();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #draw(): void {
    this.#isShown = true;
    // A full line would wrap, and only its last part be erased.
    const width = (this.#terminal.columns || DEFAULT_COLUMNS) - 1;
    this.#terminal.write(ERASE + this.#text().slice(0, width));
  }

  #text(): string {
    const seconds = Math.floor((Date.now() - this.#startedAt) / 1000);
    const calls = `${this.#done} tool ${this.#done === 1 ? 'call' : 'calls'} done`;
    const [oldest] = this.#running.values();
    if (oldest === undefined) return `${seconds} s, ${calls}`;
    const others = this.#running.size === 1 ? '' : ` and ${this.#running.size - 1} more`;
    return `${seconds} s, ${calls}, running ${inOneLine(oldest)}${others}`;
  }
}
