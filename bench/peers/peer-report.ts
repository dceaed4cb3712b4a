import type { Circumstances } from '../support/machine.ts';
import type { PeerFigure } from './outcome.ts';

/** A measured peer. */
export interface MeasuredPeer {
  readonly id: string;
  readonly own: boolean;
  readonly version: string;
  readonly node: string;
  readonly runsIn: string;
  readonly remark: string;
  /** Why it could not be installed; null if it was. */
  readonly missing: string | null;
}

/** The output of `--json`. */
export interface PeerReport extends Circumstances {
  readonly kind: 'peers';
  readonly command: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly peers: readonly MeasuredPeer[];
  readonly tasks: readonly { readonly id: string; readonly title: string; readonly unit: string }[];
  readonly figures: readonly PeerFigure[];
}
