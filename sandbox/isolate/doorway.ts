/** How isolates are entered: by threads of their own, or by this thread, the one of the event loop. */
export interface Doorway {
  /** Whether the next entry is made by this thread. */
  readonly isDirect: boolean;
  /** Makes an entry on this thread. `entry` does not throw. */
  pass(entry: () => void): void;
  /** While this thread is inside: the program has sent something, and may never come back. */
  said(): void;
  /** While this thread is inside: hears what its host has sent meanwhile, until the program is not paused. */
  listen(isPaused: () => boolean): void;
}

/** Every entry is made by a thread of the isolate, so that no program can block this one. */
export const BY_THREADS: Doorway = {
  isDirect: false,
  pass: (entry) => entry(),
  said: () => {},
  listen: () => {},
};
