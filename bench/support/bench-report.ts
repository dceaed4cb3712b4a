import type { Circumstances } from './machine.ts';
import type { Measurement } from './measurement.ts';
import type { Pulse } from './pulse.ts';

/** One line of a report: a measurement and the file it comes from. */
export interface ReportedMeasurement extends Measurement {
  readonly suite: string;
}

/** What `--json` writes. */
export interface Report extends Circumstances {
  readonly kind: 'bench';
  readonly command: string;
  /** Whether each task ran only once or twice: then the figures mean nothing. */
  readonly once: boolean;
  /** How quick the machine was around each suite. */
  readonly pulses: readonly Pulse[];
  readonly results: readonly ReportedMeasurement[];
  /** Suites in which something went wrong; they have no results. */
  readonly failures: readonly { readonly suite: string; readonly error: string }[];
}
