/** How a call ended, by number. */
export const Status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

export type Status = (typeof Status)[keyof typeof Status];

/** A call that failed, at either side. */
export class StatusError extends Error {
  override readonly name: string = 'StatusError';
  readonly status: Status;

  constructor(status: Status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The longest text of a status, in bytes as encoded; both sides refuse more than 16 KiB of headers. */
const MAX_BYTES = 8_192;
const PERCENT = 0x25;

/** A text as the value of `grpc-message`, cut to what fits in the headers. */
export function encodeStatusText(text: string): string {
  let encoded = '';
  // No more characters than bytes can fit.
  for (const character of text.slice(0, MAX_BYTES)) {
    const next = encodeCharacter(character);
    if (encoded.length + next.length > MAX_BYTES) break;
    encoded += next;
  }
  return encoded;
}

/** The text in the value of `grpc-message`. What is not a percent-encoding stays as it is. */
export function decodeStatusText(value: string): string {
  return value.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) =>
    Buffer.from(encoded.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

/** The status with this number; unknown numbers, and none, are `unknown`. */
export function readStatus(value: unknown): Status {
  const number = typeof value === 'string' && /^\d{1,2}$/.test(value) ? Number(value) : null;
  return Object.values(Status).find((status) => status === number) ?? Status.unknown;
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code >= 0x20 && code <= 0x7e && code !== PERCENT) return character;
  const hex = Buffer.from(character).toString('hex').toUpperCase();
  return hex.replaceAll(/../g, '%$&');
}
