/** What programs of the bench call as their one tool. */
export interface Tool {
  /** How it behaves, for peers that must run tools where no function of ours reaches. */
  readonly kind: 'echo' | 'never' | 'pause' | 'other';
  /** @param signal Null where the peer tells its tools nothing of their cancellation. */
  run(input: ToolInput, signal: AbortSignal | null): Promise<unknown>;
}

/** The argument of a tool call. */
export interface ToolInput {
  readonly n?: number;
  readonly s?: string;
}

/** How programs are written for a peer. */
export interface Dialect {
  /** The expression that is the tool. */
  readonly tool: string;
  /** @returns A program that does `body` and then answers with the value of the expression `answer`. */
  program(body: string, answer: string): string;
}

/** What is unusual about one cell. */
export interface CellOptions {
  /** For peers that have sessions: which. Default: the first. */
  readonly session?: 'first' | 'second';
  /** For peers that take one: the time limit of this cell, in milliseconds. */
  readonly limitMs?: number;
}

/** A program that runs. */
export interface RunningCell {
  /** What it answered. Rejects where it failed or was stopped. */
  readonly answer: Promise<unknown>;
  /** Ends it. Resolves when the peer says that it is over. Absent where the peer offers no such call. */
  stop?(): Promise<void>;
}

/** A peer that is ready to run programs. */
export interface Peer {
  readonly dialect: Dialect;
  /** Whether its cells have `stop`. */
  readonly canStop: boolean;
  /** Whether `limitMs` does something: whether the peer documents a time limit for a cell. */
  readonly hasTimeLimit: boolean;
  /** Whether tools are functions of ours. Where they are not, only those with a kind can be used. */
  readonly toolsRunHere: boolean;
  /** Where the peer is a process that greets: milliseconds from its start to its greeting. */
  readonly greetedMs?: number;
  startCell(source: string, tool: Tool, options?: CellOptions): RunningCell;
  /** Ends whatever it started. */
  close(): Promise<void>;
}

/** What an adapter needs to open its peer. */
export interface PeerSetting {
  /** The module that exports the peer's packages, each as `p0`, `p1` … in the order of the catalogue. */
  readonly entry: string;
  /** The folder the peer was installed into. */
  readonly folder: string;
  /** Where the peer is a command: the command and its arguments. */
  readonly command: readonly string[];
}

/** What every file in `adapters/` exports, as `open`: all that has to happen before a first program. */
export type OpenPeer = (setting: PeerSetting) => Promise<Peer>;

/** The process a peer runs in is gone. */
export class PeerDied extends Error {
  override readonly name = 'PeerDied';
}

/** The peer does not offer what was asked of it. */
export class NotSupported extends Error {
  override readonly name = 'NotSupported';
}
