import { readSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Memory that waits for the next bytes of a stream. */
export interface Room {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** What reads messages from a stream, and knows where the rest of a large one belongs. */
export interface RoomyReader {
  /** Null if there is none, or little: see `roomFor`. */
  readonly room: Room | null;
  /** So many of the next bytes are in the room, from its beginning on. */
  filled(bytes: number): void;
}

/** Less room is filled by the stream. */
const MIN_ROOM_BYTES = 64 << 10;
/** As much as a stream of Node.js reads at a time. If it got less, nothing more is there. */
export const WHOLE_READ_BYTES = 64 << 10;
/** More is not read in one turn of the event loop: others have their turn. */
const TURN_BYTES = 512 << 10;

/**
 * Reads the rest of large messages, as far as it is there, straight to where it belongs. A stream takes
 * new memory for each 64 KiB, which costs more than to read them: the system has to clear it, V8 to
 * collect it, and someone to copy from it.
 */
export class ReadAhead {
  readonly #stream: Readable;
  readonly #reader: RoomyReader;
  /** The turn of the event loop in which something was read last, and how much may be read in it still. */
  #turn = -1;
  #left = 0;

  /** @param stream Nothing is read ahead unless it is a pipe or a local socket, which is read without waiting. */
  constructor(stream: Readable, reader: RoomyReader) {
    this.#stream = stream;
    this.#reader = reader;
  }

  /**
   * To be called when the stream has passed on a chunk, and the reader has got it.
   *
   * @returns How many bytes were read; 0 too if the system reports an error or the end: the stream will.
   */
  read(chunk: Buffer): number {
    if (chunk.length !== WHOLE_READ_BYTES) return 0;
    let total = 0;
    for (let { room } = this.#reader; room !== null; { room } = this.#reader) {
      const descriptor = readableDescriptor(this.#stream);
      const most = Math.min(room.to - room.from, this.#rest());
      if (descriptor === null || most === 0) break;
      const bytes = readNow(descriptor, { ...room, to: room.from + most });
      if (bytes === 0) break;
      this.#reader.filled(bytes);
      this.#left -= bytes;
      total += bytes;
      if (bytes < most) break;
    }
    return total;
  }

  /** How many bytes may be read in this turn still. */
  #rest(): number {
    const { loopCount } = performance.nodeTiming.uvMetricsInfo;
    if (loopCount !== this.#turn) {
      this.#turn = loopCount;
      this.#left = TURN_BYTES;
    }
    return this.#left;
  }
}

/** The room from one place in this memory to another; null if it is too small to be worth it. */
export function roomFor(bytes: Buffer, from: number, to: number): Room | null {
  return to - from < MIN_ROOM_BYTES ? null : { bytes, from, to };
}

/** Null if its next bytes are not the stream's next, or waiting for them would block this thread. */
function readableDescriptor(stream: Readable): number | null {
  if (stream.isPaused() || stream.readableLength > 0 || stream.destroyed) return null;
  const { _handle: handle } = stream as {
    _handle?: { fd?: unknown; constructor: { name: string } } | null;
  };
  // The handle of an encrypted socket has the descriptor of what is below it.
  if (handle?.constructor.name !== 'Pipe') return null;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : null;
}

function readNow(descriptor: number, { bytes, from, to }: Room): number {
  try {
    return readSync(descriptor, bytes, from, to - from, null);
  } catch {
    return 0;
  }
}
