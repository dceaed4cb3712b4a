/** What an implementation can do. One that speaks to an older peer cannot do all of it. */
export interface SessionFeatures {
  /** The pending observe mode and `resume`. */
  readonly pendingObserve: boolean;
  /** Limits can be set. */
  readonly limits: boolean;
  /** `cells()` and `values()` list what there is. */
  readonly lists: boolean;
  /** `events()` tells what happens to a cell. */
  readonly liveEvents: boolean;
  /** Missing cells have a reason other than `unknown`. */
  readonly missingReasons: boolean;
  /** A call reaches the delegate though its program ends in the same moment; without it, it may not. */
  readonly promptCalls: boolean;
  /** Cancelled callbacks have a moment to return before the answer. */
  readonly grace: boolean;
  /** A cell is closed before its end is told, and though nobody asks for it; without it, after. */
  readonly closedBeforeDelivery: boolean;
  /** Who waits for a time gets his yield while notifications are delivered. */
  readonly yieldWhileDraining: boolean;
  /** A terminate that is sent in the same tick as its execute comes before the program begins. */
  readonly terminateBeforeStart: boolean;
  /** No line of a program runs once somebody terminates it; without it, some may until he is told. */
  readonly stopsAtTerminate: boolean;
  /** What a tool throws is an `Error` for the program; without it, a bare string. */
  readonly toolErrorObjects: boolean;
  /** Completions have notes. */
  readonly notes: boolean;
  /** Failures of syntax have a line and a column; without it, at best in their text. */
  readonly failurePlaces: boolean;
}

export type SessionFeature = keyof SessionFeatures;

/** Everything there is. */
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
  failurePlaces: true,
};

/** What any host of version 1 can do, without a word beyond it: little of this. */
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
  failurePlaces: false,
};
