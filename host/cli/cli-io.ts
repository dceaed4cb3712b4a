import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export interface CliOutput extends Writable {
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal. */
  readonly columns?: number | undefined;
}

/** A stream that may be a keyboard. */
export interface CliInput extends Readable {
  readonly isTTY?: boolean | undefined;
}

/** Who tells of signals: the process, outside tests. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** All that a command line program touches of its surroundings. */
export interface CliIo {
  readonly stdin: CliInput;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly signals: SignalSource;
  /** The version of this package. */
  readonly version: string;
}
