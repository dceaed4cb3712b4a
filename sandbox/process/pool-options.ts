import type { EndCounts } from './end-cause.ts';
import type { EngineOptions } from './engine-options.ts';

/** How a pool of sandbox processes is set up. */
export type PoolOptions = Pick<
  EngineOptions,
  'nodePath' | 'launch' | 'endWithHost' | 'sandboxLimits' | 'limits' | 'spawn' | 'again'
> & {
  /** See `EngineOptions`. Default: 32. */
  readonly aloneAfter?: number;
  /** How many unused processes are kept ready. */
  readonly spares: number;
  /** How many sessions share a process, even while more could be started. */
  readonly sessionsPerProcess: number;
  /**
   * Called when there may be a process for a waiting session; synchronously for a new process, which
   * the session that has waited longest is to get.
   */
  readonly onRoom: (isNew: boolean) => void;
};

/** What a pool has at the moment, and how its processes have ended so far. */
export interface PoolCounts {
  readonly processes: number;
  /** Processes in which nothing runs. */
  readonly spares: number;
  /** Programs that are running, or were killed and may still be running. */
  readonly programs: number;
  /** Sessions whose programs share a process with those of others. */
  readonly sharingSessions: number;
  /** Programs that were stopped because memory was short and they used the most. */
  readonly stoppedPrograms: number;
  /** Processes that have ended, by cause. */
  readonly ended: EndCounts;
}
