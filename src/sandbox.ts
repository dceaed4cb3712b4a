import type { CellFailure, OutputItem } from './events.ts';

/** How rejected tool calls and failing helpers reach the program. */
export type ToolErrors =
  /** As an `Error` whose message is the text. */
  | 'error'
  /** As the bare text, as the wire peers expect. */
  | 'string';

/** What a program sees of one tool. */
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
  /** Whether `console.log` and its kin exist and write text output. */
  readonly console: boolean;
  /** Whether to stop at the first frontier. See `SandboxRun.hold`. */
  readonly hold: boolean;
}

/**
 * The messages of a running program: all a sandbox knows of the cell.
 *
 * Messages arrive in the order the program acted, and none after `SandboxRun.kill` or the end. What
 * needs an answer gets it as a message of `SandboxRun`, so that a process between the two only relays.
 */
export interface ProgramCalls {
  /** The program starts now. */
  started(): void;
  output(item: OutputItem): void;
  yieldControl(): void;
  /** A stored value, as JSON text. The last value of a key counts. */
  store(key: string, json: string): void;
  /**
   * A tool call, to be answered once with `SandboxRun.answer`.
   *
   * @param id Counts the calls of the program; it rises with each call, from 1 at least.
   * @param tool Index into `Program.tools`; it may be out of range.
   * @param inputJson Valid JSON text of the argument, which is passed on as it is; undefined if the
   * program gave none.
   */
  call(id: number, tool: number, inputJson: string | undefined): void;
  /**
   * A notification, to be answered once with `SandboxRun.notified`.
   *
   * @param text Not blank.
   */
  notify(text: string): void;
  /** The program is quiet, and held until `SandboxRun.release`. */
  frontier(): void;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Null where it ended well. */
  readonly failure: CellFailure | null;
  readonly notes: readonly string[];
}

/** A program that runs, and the messages it is sent. After the end they have no effect. */
export interface SandboxRun {
  /** Settles once, after the last of the program's messages. Never rejects. Stays open after `kill`. */
  readonly ended: Promise<ProgramEnd>;

  /**
   * Answers a tool call. An id that is not waiting has no effect.
   *
   * @param text JSON text of the result if `ok`, otherwise the message of the error.
   */
  answer(id: number, ok: boolean, text: string): void;

  /** One notification was delivered, has failed, or was cancelled. */
  notified(): void;

  /** Makes the program wait before it shows or stores much more, until `unpause`. */
  pause(): void;

  unpause(): void;

  /**
   * Asks to stop at the next frontier: when the program is quiet and only the outside can move it,
   * `ProgramCalls.frontier` is called, and tool answers and timers wait until `release`.
   * A program that is quiet already is at its frontier now.
   */
  hold(): void;

  /** Lets the program go on. What waited is delivered; a `hold` before it no longer counts. */
  release(): void;

  /** Lets the program go on, and stops it when it is quiet again after something moved it. */
  step(): void;

  /** Keeps this process from ending as long as the program runs. The default. */
  ref(): void;

  /** Lets this process end while the program runs. Has no effect where it runs in this process. */
  unref(): void;

  /**
   * Ends the program at once, whatever it does. Nothing of it runs or is reported afterwards.
   * Returns at once and is safe to call twice.
   */
  kill(): void;
}

/** A place where programs run. Takes programs until it is closed. */
export interface Sandbox extends AsyncDisposable {
  /**
   * What a hostile program can hurt: `engine`, the process it runs in; `process`, nothing but a
   * process of its own.
   */
  readonly isolation: 'engine' | 'process';

  /**
   * Starts a program. Does not throw: what goes wrong is in `SandboxRun.ended`.
   *
   * @param session Names the session: programs of one session may share what those of two may not.
   */
  run(program: Program, calls: ProgramCalls, session: symbol): SandboxRun;

  /** Says that this session runs nothing any more. */
  release(session: symbol): void;

  /** Kills what runs and frees everything. Safe to call twice. */
  close(): Promise<void>;
}
