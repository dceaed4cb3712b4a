/** What a host sends to its sandbox process. `run` names the program; `a` and `b` are as noted. */
export const Down = {
  /**
   * Limits of programs, as JSON. The first message; a: memory limit of the process, in MiB; b: how many
   * deliveries to lone programs make it `Able`, 0 for never.
   */
  Limits: 1,
  /** The tools of the programs that follow, as JSON. */
  Tools: 2,
  /** Changed stored values, key and JSON in turn; a: session. */
  Values: 3,
  /** A program: source, options as JSON; a: session. */
  Start: 4,
  /** The answer to a call, JSON or an error message; a: id of the call, b: 1 if it succeeded, 2 for a message as JSON. */
  Answer: 5,
  /** A notification was delivered. */
  Notified: 6,
  Hold: 7,
  Release: 8,
  Step: 9,
  Kill: 10,
  /** A session has ended; a: session. */
  EndSession: 11,
  /** Asks for a sign of life. */
  Ping: 12,
  /** The program must not send anything for now. */
  Pause: 13,
  Unpause: 14,
  /** Asks which program uses the most memory. */
  Weigh: 15,
  /** The only program is left alone until `Share`: the main thread may enter its isolate. */
  Alone: 16,
  /** Another program is to be started: the main thread must not enter isolates. Answered with `Shared`. */
  Share: 17,
} as const;

/** What a sandbox process sends to its host. */
export const Up = {
  Started: 1,
  Text: 2,
  /** URL, detail. */
  Image: 3,
  Audio: 4,
  Yield: 5,
  /** A tool call: its argument as JSON, if it has one; a: id of the call, b: index of the tool. */
  Call: 6,
  Notify: 7,
  Frontier: 8,
  /** What a program has stored since the last of these messages, key and JSON in turn. */
  Writes: 9,
  /**
   * The program has ended: kind and text of its failure, both absent if it succeeded, then its notes;
   * a and b: line and column of a syntax error, otherwise 0.
   */
  End: 10,
  /** Nothing of a killed program runs any more. */
  Gone: 11,
  /** A sign of life; a: 1 if the process found none of its code compiled. */
  Pong: 12,
  /** The program that uses the most memory; run: 0 if there is none. */
  Heaviest: 13,
  /** The program waits for its turn. Also before it has started. */
  Waits: 14,
  /** It waits no longer. */
  Proceeds: 15,
  /** Its only program can be left alone from now on. Sent once. */
  Able: 16,
  /** The main thread is in no isolate and enters none. */
  Shared: 17,
} as const;

/** Bounds of what a process sends about a program's end, in UTF-16 units. Longer texts are cut off. */
export const END_BOUNDS = { failureLength: 2 << 20, notes: 16, noteLength: 1_024 } as const;
/** How many stored values one frame carries at most. */
export const VALUES_PER_FRAME = 64;
