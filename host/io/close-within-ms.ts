/** How long the end of a connection, or a peer that no longer reads, may take by default, in milliseconds. */
export const CLOSE_WITHIN_MS = 5_000;
