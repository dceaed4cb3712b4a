import type { OutputItem } from '../../src/events.ts';
import type { ProgramCalls, ToolAnswer } from '../../src/sandbox.ts';

/** A tool call that a test answers when it wants to. */
export interface RecordedCall {
  readonly index: number;
  readonly inputJson: string | undefined;
  answer(answer: ToolAnswer): void;
}

interface Watcher {
  readonly word: string;
  readonly count: number;
  readonly resolve: () => void;
}

/**
 * Writes down what a program does, one line a call; the first word says what it was.
 *
 * Tool calls wait in `toolCalls` until they are answered, unless `onTool` answers them.
 */
export class RecordingCalls implements ProgramCalls {
  readonly log: string[] = [];
  readonly toolCalls: RecordedCall[] = [];
  /** What the program stored, as JSON text by key. */
  readonly stored = new Map<string, string>();
  onTool: ((index: number, inputJson: string | undefined) => Promise<ToolAnswer>) | null = null;
  onNotify: (text: string) => Promise<void> = async () => {};
  /** Called with each line as it is written. */
  onLine: (line: string) => void = () => {};
  #watchers: Watcher[] = [];

  started(): void {
    this.#write('started');
  }

  output(item: OutputItem): void {
    switch (item.type) {
      case 'input_text':
        return this.#write(`text ${item.text}`);
      case 'input_image':
        return this.#write(`image ${item.image_url} ${item.detail}`);
      case 'input_audio':
        return this.#write(`audio ${item.audio_url}`);
    }
  }

  store(key: string, json: string): void {
    this.stored.set(key, json);
  }

  yieldControl(): void {
    this.#write('yield');
  }

  invokeTool(index: number, inputJson: string | undefined): Promise<ToolAnswer> {
    const { promise, resolve } = Promise.withResolvers<ToolAnswer>();
    this.toolCalls.push({ index, inputJson, answer: resolve });
    this.#write(`call ${index} ${inputJson}`);
    return this.onTool?.(index, inputJson) ?? promise;
  }

  notify(text: string): Promise<void> {
    this.#write(`notify ${text}`);
    return this.onNotify(text);
  }

  frontier(): void {
    this.#write('frontier');
  }

  /** The lines that begin with this word, without it. */
  all(word: string): readonly string[] {
    return this.log
      .filter((line) => line.split(' ', 1)[0] === word)
      .map((line) => line.slice(word.length + 1));
  }

  /** Resolves as soon as there are that many lines that begin with this word. */
  until(word: string, count = 1): Promise<void> {
    if (this.all(word).length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ word, count, resolve }));
  }

  #write(line: string): void {
    this.log.push(line);
    this.onLine(line);
    if (this.#watchers.length === 0) return;
    const reached = (watcher: Watcher) => this.all(watcher.word).length >= watcher.count;
    for (const watcher of this.#watchers.filter(reached)) watcher.resolve();
    this.#watchers = this.#watchers.filter((watcher) => !reached(watcher));
  }
}

/** A tool's answer. */
export const answered = (value: unknown): ToolAnswer => ({ ok: true, json: JSON.stringify(value) });

/** A tool's failure. */
export const refused = (message: string): ToolAnswer => ({ ok: false, message });
