/** The features of an implementation. With an older peer, some are missing. */
export interface SessionFeatures {
  /** The pending observe mode and `resume`. */
  readonly pendingObserve: boolean;
  /** Limits can be set. */
  readonly limits: boolean;
  /** `cells()` and `values()` work. */
  readonly lists: boolean;
  /** `events()` works. */
  readonly liveEvents: boolean;
  /** Missing cells have a reason other than `unknown`. */
  readonly missingReasons: boolean;
  /** A call reaches the delegate even if its program ends in the same moment; without it, it may not. */
  readonly promptCalls: boolean;
  /** Cancelled callbacks have the grace period before the answer. */
  readonly grace: boolean;
  /** A cell is closed before its end is delivered, even if it is not claimed; without it, after. */
  readonly closedBeforeDelivery: boolean;
  /** Timed waits also yield while notifications are delivered. */
  readonly yieldWhileDraining: boolean;
  /** A terminate in the same tick as its execute arrives before the program starts. */
  readonly terminateBeforeStart: boolean;
  /** No line of a program runs after its terminate; without it, some may until the answer. */
  readonly stopsAtTerminate: boolean;
  /** An error of a tool is an `Error` for the program; without it, a bare string. */
  readonly toolErrorObjects: boolean;
  /** Completions have notes. */
  readonly notes: boolean;
  /** Calls and notifications reach the delegate in the order of the program; without it, each in its own. */
  readonly callOrder: boolean;
  /** A cell whose notifications are being delivered can still be terminated. */
  readonly endsAfterNotes: boolean;
  /** Closing a session delivers the output of its cells to those that wait for them. */
  readonly outputAtClose: boolean;
  /** Syntax errors have a line and a column; without it, at best in their text. */
  readonly failurePlaces: boolean;
}

export type SessionFeature = keyof SessionFeatures;

/** All features. */
export const ALL_FEATURES: SessionFeatures = {
  pendingObserve: true,
  limits: true,
  lists: true,
  liveEvents: true,
  missingReasons: true,
  promptCalls: true,
  grace: true,
  closedBeforeDelivery: true,
  yieldWhileDraining: true,
  terminateBeforeStart: true,
  stopsAtTerminate: true,
  toolErrorObjects: true,
  notes: true,
  callOrder: true,
  endsAfterNotes: true,
  outputAtClose: true,
  failurePlaces: true,
};

/** The features of any host that only speaks version 1. */
export const V1_FEATURES: SessionFeatures = {
  pendingObserve: false,
  limits: false,
  lists: false,
  liveEvents: false,
  missingReasons: false,
  promptCalls: true,
  grace: false,
  closedBeforeDelivery: false,
  yieldWhileDraining: false,
  terminateBeforeStart: false,
  stopsAtTerminate: false,
  toolErrorObjects: false,
  notes: false,
  callOrder: true,
  endsAfterNotes: true,
  outputAtClose: true,
  failurePlaces: false,
};

/** The features of any host over gRPC. */
export const GRPC_FEATURES: SessionFeatures = {
  ...V1_FEATURES,
  promptCalls: false,
  callOrder: false,
  endsAfterNotes: false,
  outputAtClose: false,
};

/** The features of our host over gRPC. */
export const OWN_GRPC_FEATURES: SessionFeatures = {
  ...GRPC_FEATURES,
  promptCalls: true,
  outputAtClose: true,
};
