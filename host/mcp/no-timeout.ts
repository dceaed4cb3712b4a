/** The longest a timer can be, 24 days, in milliseconds: for requests that end by other means. */
export const NO_TIMEOUT_MS = 2 ** 31 - 1;
