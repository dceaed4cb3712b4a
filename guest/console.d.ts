// The global `console` of a cell whose session has the option `console`.

/** Each method shows one line of text; `%s %d %i %f %j %o` are filled in. */
declare const console: {
  log(...values: readonly unknown[]): void;
  info(...values: readonly unknown[]): void;
  warn(...values: readonly unknown[]): void;
  error(...values: readonly unknown[]): void;
  debug(...values: readonly unknown[]): void;
};
