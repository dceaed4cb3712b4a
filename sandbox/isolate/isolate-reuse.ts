import type { SandboxLimits } from '../limits.ts';

/** Share of its heap that an isolate may use between two programs, so that the next one has its own. */
const MAX_USED_SHARE = 1 / 8;

/** What an isolate was used for so far. */
export interface IsolateUse {
  /** Programs that ran in it. */
  readonly programs: number;
  /** What V8 counts for it when the context of the last one was released, garbage included. */
  readonly usedBytes: number;
}

/** Whether another program of the session may run in an isolate whose last program ended well. */
export function mayRunAnother({ programs, usedBytes }: IsolateUse, limits: SandboxLimits): boolean {
  return (
    programs < limits.maxProgramsPerIsolate && usedBytes <= limits.maxHeapBytes * MAX_USED_SHARE
  );
}
