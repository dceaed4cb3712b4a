/** What sandbox processes may use, and how many there may be. */
export interface ProcessLimits {
  /** Memory of one process, everything counted, in bytes. Over it the process is ended. Default 1 GiB. */
  readonly maxProcessBytes: number;
  /** Memory of all processes together, in bytes. Over it the largest is ended. Default: half of what the machine has. */
  readonly maxTotalBytes: number;
  /** Processes at one time. Default: a quarter of memory at 64 MiB each, at least four a core. */
  readonly maxProcesses: number;
  /** How long an isolate may take to stop before its process is ended, in milliseconds. Default 250. */
  readonly stopMs: number;
  /** How long a process may take to start, in milliseconds. Default 30,000. */
  readonly startMs: number;
  /** How long a process may give no sign of life, in milliseconds. Default 5,000. */
  readonly hangMs: number;
  /** How long a process without work is kept, in milliseconds. Default 10,000. */
  readonly idleMs: number;
  /** Programs after which a process is replaced. Default 1,000. */
  readonly maxProgramsPerProcess: number;
}
