/** What one router may keep. The oldest items are dropped first, and reported: see `RouteErrorKind` and `Gap`. */
export interface RouterLimits {
  /** Items that wait for one id, events and requests together. Default 128. */
  readonly maxItemsPerId: number;
  /** Ids that items wait for. One more displaces the oldest id with all its items. Default 64. */
  readonly maxPendingIds: number;
  /** `bytes` of the items that wait, over all ids. Default 8 MiB. */
  readonly maxParkedBytes: number;
  /** Ids remembered as closed; the least recently mentioned one is forgotten first. Default 1,024. */
  readonly maxTombstones: number;
  /** How long a request waits before it is answered with an error, in milliseconds. Default 10,000; infinity for no bound. */
  readonly parkMs: number;
}

/** The limits of a router that sets none. */
export const DEFAULT_ROUTER_LIMITS: RouterLimits = {
  maxItemsPerId: 128,
  maxPendingIds: 64,
  maxParkedBytes: 8 << 20,
  maxTombstones: 1024,
  parkMs: 10_000,
};
