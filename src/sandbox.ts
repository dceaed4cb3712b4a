import type { JsonText } from './delegate.ts';
import type { ErrorText } from './errors.ts';
import type { CellFailure, OutputItem } from './events.ts';

/** How rejected tool calls and failing helpers reach the program. */
export type ToolErrors =
  /**
   * As an `Error` whose message is the text. Programs also get what helps to repair them: one that can
   * never go on fails with `deadlock`, stacks name the tool and its place, notes name cancelled calls, and
   * output shows what JSON leaves empty.
   */
  | 'error'
  /** As the bare text, and without the rest, as clients of protocol version 1 expect. */
  | 'string';

/**
 * What programs have besides the built-ins of ECMAScript and the helpers: nothing, or with `web` the
 * parts of the web platform that need no network: `URL`, `URLSearchParams`, `TextEncoder`,
 * `TextDecoder`, `structuredClone`, `atob`, `btoa`, `queueMicrotask`, `crypto.randomUUID` and
 * `DOMException`.
 */
export type GuestGlobals = 'standard' | 'web';

/** A tool as a program sees it. */
export interface ProgramTool {
  /** The property of `tools`: a JavaScript identifier, unique in the program. */
  readonly identifier: string;
  readonly description: string;
}

/** A program and everything it starts with. */
export interface Program {
  /** JavaScript or erasable TypeScript, as an ES module. */
  readonly source: string;
  readonly tools: readonly ProgramTool[];
  /** Stored values by key, as JSON text: the snapshot `load` reads. Never changed afterwards. */
  readonly values: ReadonlyMap<string, string>;
  readonly toolErrors: ToolErrors;
  /** Whether `console.log` and its siblings exist and write text output. */
  readonly console: boolean;
  readonly globals: GuestGlobals;
  /** Whether to stop at the first frontier. See `SandboxRun.hold`. */
  readonly hold: boolean;
}

/**
 * The messages of a running program: all that a sandbox knows of the cell.
 *
 * Messages arrive in program order, and none after `SandboxRun.kill` or the end. Answers are
 * messages of `SandboxRun`, so that a process between the two only relays.
 */
export interface ProgramCalls {
  /** The program starts now. */
  started(): void;
  /**
   * The program waits for its turn to run, because as many programs of its session run as may; or it
   * waits no longer. Before the start of a program, or while it runs.
   */
  waits(isWaiting: boolean): void;
  output(item: OutputItem): void;
  yieldControl(): void;
  /** The program stored a value, as JSON text. The last value of a key wins. */
  store(key: string, json: string): void;
  /**
   * A tool call, to be answered once with `SandboxRun.answer`.
   *
   * @param id Identifies the call in its program. At least 1, and greater with each call.
   * @param tool Index into `Program.tools`; it may be out of range.
   * @param inputJson Valid JSON of the argument, passed on unchanged; undefined if the program
   * passed none.
   */
  call(id: number, tool: number, inputJson: string | JsonText | undefined): void;
  /**
   * A notification, to be answered once with `SandboxRun.notified`.
   *
   * @param text Not blank.
   */
  notify(text: string): void;
  /** The program is idle, and held until `SandboxRun.release`. */
  frontier(): void;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Null if it ended without an error. */
  readonly failure: CellFailure | null;
  readonly notes: readonly string[];
}

/** A running program, and the messages to it. They have no effect after its end. */
export interface SandboxRun {
  /** Settles once, after the last of the program's messages. Never rejects. Stays open after `kill`. */
  readonly ended: Promise<ProgramEnd>;

  /**
   * Whether an answer can go to the program now.
   *
   * @returns Null if it can; otherwise resolves with true when there is room, and with false when the
   *   run has ended.
   */
  room(): Promise<boolean> | null;

  /**
   * Answers a tool call. An id that is not waiting has no effect.
   *
   * @param text JSON of the result if `ok`, otherwise the message of the error.
   */
  answer(id: number, ok: boolean, text: string | JsonText | ErrorText): void;

  /** One notification was delivered, has failed, or was cancelled. */
  notified(): void;

  /** Makes the program wait before it outputs or stores much more, until `unpause`. */
  pause(): void;

  unpause(): void;

  /**
   * Pauses the program at its next frontier: when it is idle and waiting for something outside it,
   * `ProgramCalls.frontier` is called, and tool answers and timers wait until `release`.
   * A program that is already idle is at its frontier now.
   */
  hold(): void;

  /** Resumes the program: delivers what waited, and cancels an earlier `hold`. */
  release(): void;

  /** Resumes the program, and pauses it when it is idle again after something reached it. */
  step(): void;

  /** Keeps this process alive while the program runs. The default. */
  ref(): void;

  /** Lets this process exit while the program runs. No effect if it runs in this process. */
  unref(): void;

  /**
   * Ends the program at once, whatever it does. It neither runs nor reports anything afterwards.
   * Does not wait. Safe to call twice.
   */
  kill(): void;
}

/** A place where programs run. Accepts programs until it is closed. */
export interface Sandbox extends AsyncDisposable {
  /**
   * What a hostile program can harm: `engine` means the embedder's own process, `process` only a
   * separate sandbox process.
   */
  readonly isolation: 'engine' | 'process';

  /**
   * Starts a program. Does not throw: failures are reported by `SandboxRun.ended`.
   *
   * @param session Identifies the session: only programs of the same session may share resources.
   */
  run(program: Program, calls: ProgramCalls, session: symbol): SandboxRun;

  /** Announces that this session will not run any more programs. */
  release(session: symbol): void;

  /** Kills all programs and frees everything. Safe to call twice. */
  close(): Promise<void>;
}
