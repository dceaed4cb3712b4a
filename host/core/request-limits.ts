/**
 * What a host parses of one request at once: more would keep its event loop busy for long. The
 * schemas of tools are checked in pieces, and parsed when somebody reads them.
 */
export const REQUEST_LIMITS = {
  /** Size without the schemas of tools, in bytes. */
  maxParsedBytes: 8 << 20,
  maxTools: 5_000,
  /** Values that no message of a client has, and values in lists and options. */
  maxOtherValues: 10_000,
  /** Values in schemas: whoever reads one parses it. */
  maxSchemaValues: 500_000,
} as const;
