import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { PrefixedReader } from '../io/prefixed-reader.ts';
import type { MessageFns } from './generated/code-mode.ts';
import { Status, StatusError } from './status.ts';

/** The largest message, in bytes: 64 MiB. */
export const MAX_MESSAGE_BYTES = 64 << 20;

/** A flag that says whether the message is compressed, and its length, which is big-endian. */
const PREFIX_BYTES = 5;
const PREFIX = new Uint8Array(PREFIX_BYTES);
/** Many streams may have sent the beginning of a message each. */
const MEMORY = { trusted: 512 << 10, first: 512 << 10 };
/** The wire type of what begins with its length. */
const DELIMITED = 2;

/** @throws StatusError `outOfRange` if the message has more than `MAX_MESSAGE_BYTES`. */
export function encodeMessage<T>(type: Pick<MessageFns<T>, 'encode'>, message: T): Buffer {
  const bytes = type.encode(message, new BinaryWriter().raw(PREFIX)).finish();
  const framed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  framed.writeUInt32BE(fitting('encoded', framed.length - PREFIX_BYTES), 1);
  return framed;
}

/** The prefix of a message of this size. @throws StatusError `outOfRange` if that is more than `MAX_MESSAGE_BYTES`. */
export function frameOf(bytes: number): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(fitting('encoded', bytes), 1);
  return prefix;
}

/** What comes before a message of this size that is a field of another one. */
export function fieldHead(field: number, bytes: number): Buffer {
  return Buffer.from(new BinaryWriter().tag(field, DELIMITED).uint32(bytes).finish());
}

/** @throws StatusError `internal` if the bytes are not a message of this type. */
export function decodeMessage<T>(type: Pick<MessageFns<T>, 'decode'>, body: Uint8Array): T {
  try {
    return type.decode(body);
  } catch (error) {
    const text = `failed to decode Protobuf message: ${(error as Error).message}`;
    throw new StatusError(Status.internal, text, { cause: error });
  }
}

/**
 * Splits the data of one stream into the bytes of messages.
 *
 * `next` throws a StatusError: `outOfRange` for a message of more than `MAX_MESSAGE_BYTES`,
 * `unimplemented` for a compressed one, and `internal` for a prefix that is none.
 */
export class MessageSplitter extends PrefixedReader {
  constructor() {
    super(PREFIX_BYTES, sizeAt, MEMORY);
  }

  /** @throws StatusError `internal` if the data ends within a message. */
  override end(): void {
    try {
      super.end();
    } catch (error) {
      throw new StatusError(Status.internal, (error as Error).message, { cause: error });
    }
  }
}

function sizeAt(bytes: Buffer, at: number): number {
  const flag = bytes[at];
  if (flag === 1) {
    const text = 'Cannot read a message: it is compressed, which is not supported';
    throw new StatusError(Status.unimplemented, text);
  }
  if (flag !== 0) {
    const text = `Cannot read a message: ${flag} is not a valid compression flag`;
    throw new StatusError(Status.internal, text);
  }
  return fitting('decoded', bytes.readUInt32BE(at + 1));
}

function fitting(what: 'encoded' | 'decoded', size: number): number {
  if (size <= MAX_MESSAGE_BYTES) return size;
  const found = `found ${size} bytes, the limit is: ${MAX_MESSAGE_BYTES} bytes`;
  throw new StatusError(Status.outOfRange, `Error, ${what} message length too large: ${found}`);
}
