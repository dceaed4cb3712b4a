/** What sandbox processes may use, and how many there may be. */
export interface ProcessLimits {
  /** Resident memory of one process, in bytes. If it stays above, the process is ended. Default: 1 GiB. */
  readonly maxProcessBytes: number;
  /** Resident memory of all processes together, in bytes. If it stays above, the largest is ended. Default: half of the machine's. */
  readonly maxTotalBytes: number;
  /** Processes at one time. Default: as many as fit into a quarter of the machine's memory at 64 MiB each, at least four per core. */
  readonly maxProcesses: number;
  /** How long an isolate may take to stop before its process is ended, in milliseconds. Default: 250. */
  readonly stopMs: number;
  /** How long a process may take to start, in milliseconds. Default: 30,000. */
  readonly startMs: number;
  /** How long a process may give no sign of life, in milliseconds. Default: 10,000. */
  readonly hangMs: number;
  /** How long an idle process is kept, in milliseconds. Default: 10,000. */
  readonly idleMs: number;
  /** How many programs a process runs before it is replaced. After three quarters, a spare starts. Default: 1,000. */
  readonly maxProgramsPerProcess: number;
}
