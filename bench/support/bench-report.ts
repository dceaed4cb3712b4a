import type { Circumstances } from './machine.ts';
import type { Measurement } from './measurement.ts';
import type { Pulse } from './pulse.ts';

/** One line of a report: a measurement and the file it comes from. */
export interface ReportedMeasurement extends Measurement {
  readonly suite: string;
}

/** The output of `--json`. */
export interface Report extends Circumstances {
  readonly kind: 'bench';
  readonly command: string;
  /** Whether each task ran only once or twice, so that the figures are meaningless. */
  readonly once: boolean;
  /** How fast the machine was around each suite. */
  readonly pulses: readonly Pulse[];
  readonly results: readonly ReportedMeasurement[];
  /** Suites that failed; they have no results. */
  readonly failures: readonly { readonly suite: string; readonly error: string }[];
}
