import type { JsonText } from '../../src/delegate.ts';
import type { OutputItem } from '../../src/events.ts';
import type { ToolAnswer } from '../../src/runtime/tool-answer.ts';
import type { Program, ProgramCalls, Sandbox, SandboxRun } from '../../src/sandbox.ts';

/** A tool call that the test answers. */
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
 * Records what a program does, one line per call, which starts with its kind.
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
  #run: SandboxRun | null = null;

  /** Runs a program whose messages come here, and whose answers go from here. */
  runIn(sandbox: Sandbox, program: Program, session = Symbol('recorded')): SandboxRun {
    return this.attach(sandbox.run(program, this, session));
  }

  /** Answers go to this run. */
  attach(run: SandboxRun): SandboxRun {
    this.#run = run;
    return run;
  }

  started(): void {
    this.#write('started');
  }

  waits(isWaiting: boolean): void {
    this.#write(isWaiting ? 'waits' : 'proceeds');
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

  call(id: number, index: number, input: string | JsonText | undefined): void {
    const inputJson = typeof input === 'object' ? input.text : input;
    const answer = ({ ok, text }: ToolAnswer) => this.#run?.answer(id, ok, text);
    this.toolCalls.push({ index, inputJson, answer });
    this.#write(`call ${index} ${inputJson}`);
    void this.onTool?.(index, inputJson).then(answer);
  }

  notify(text: string): void {
    this.#write(`notify ${text}`);
    void this.onNotify(text).then(() => this.#run?.notified());
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

  /** Resolves when that many lines begin with this word. */
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
export const answered = (value: unknown): ToolAnswer => ({ ok: true, text: JSON.stringify(value) });

/** A tool's failure. */
export const refused = (text: string): ToolAnswer => ({ ok: false, text });
