/** The single tool of the bench's programs. */
export interface Tool {
  /** Its behaviour, for peers that run tools where our functions cannot be called. */
  readonly kind: 'echo' | 'never' | 'pause' | 'other';
  /** @param signal Null if the peer does not notify tools of their cancellation. */
  run(input: ToolInput, signal: AbortSignal | null): Promise<unknown>;
}

/** The argument of a tool call. */
export interface ToolInput {
  readonly n?: number;
  readonly s?: string;
}

/** The form of programs for a peer. */
export interface Dialect {
  /** The expression for the tool. */
  readonly tool: string;
  /** @returns A program that runs `body` and then returns the value of the expression `answer`. */
  program(body: string, answer: string): string;
}

/** Options of one cell. */
export interface CellOptions {
  /** Which session, for peers that have sessions. Default: the first. */
  readonly session?: 'first' | 'second';
  /** The time limit of this cell, for peers that accept one, in milliseconds. */
  readonly limitMs?: number;
}

/** A running program. */
export interface RunningCell {
  /** Its answer. Rejects if it failed or was stopped. */
  readonly answer: Promise<unknown>;
  /** Stops it. Resolves when the peer reports its end. Absent if the peer has no such call. */
  stop?(): Promise<void>;
}

/** A peer that is ready to run programs. */
export interface Peer {
  readonly dialect: Dialect;
  /** Whether its cells have `stop`. */
  readonly canStop: boolean;
  /** Whether the peer documents a time limit for a cell, so that `limitMs` has an effect. */
  readonly hasTimeLimit: boolean;
  /** Whether tools are functions of the bench. Otherwise only tools with a known kind can be used. */
  readonly toolsRunHere: boolean;
  /** Milliseconds from the start of the peer's process to its first message, if it has both. */
  readonly greetedMs?: number;
  startCell(source: string, tool: Tool, options?: CellOptions): RunningCell;
  /** Ends everything that it started. */
  close(): Promise<void>;
}

/** The input of an adapter. */
export interface PeerSetting {
  /** The module that exports the peer's packages, each as `p0`, `p1` … in the order of the catalogue. */
  readonly entry: string;
  /** The folder of the installed peer. */
  readonly folder: string;
  /** The command and its arguments, if the peer is a command. */
  readonly command: readonly string[];
}

/** Every file in `adapters/` exports this as `open`: everything that is needed before the first program. */
export type OpenPeer = (setting: PeerSetting) => Promise<Peer>;

/** The process of the peer has ended. */
export class PeerDied extends Error {
  override readonly name = 'PeerDied';
}

/** The peer does not support the request. */
export class NotSupported extends Error {
  override readonly name = 'NotSupported';
}
