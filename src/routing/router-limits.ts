/** What one router may keep. The oldest is dropped first, and told: see `RouteErrorKind` and `Gap`. */
export interface RouterLimits {
  /** Events and requests together that wait for one id. Default 128. */
  readonly maxItemsPerId: number;
  /** Ids that something waits for. Over it, the oldest id is dropped with all that waits. Default 64. */
  readonly maxPendingIds: number;
  /** What waits, over all ids, as the items' `bytes` say. Default 8 MiB. */
  readonly maxParkedBytes: number;
  /** Ids remembered as closed; the one not heard of for longest is forgotten first. Default 1,024. */
  readonly maxTombstones: number;
  /** How long a request waits before it is answered with an error, in milliseconds. Default 10,000; infinity for ever. */
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
