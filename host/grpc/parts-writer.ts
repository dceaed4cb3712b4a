import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MessageFns } from './generated/code-mode.ts';

/** Texts and bytes that are longer are parts of their own. */
const LONG = 64 << 10;

/** Bytes of a message, or a long text in it, which is not encoded yet. */
export type Part = Uint8Array | string;

/** The parts of a message, in order. */
export function partsOf<T>(type: Pick<MessageFns<T>, 'encode'>, message: T): readonly Part[] {
  const writer = new PartsWriter();
  // What generated code calls, both have.
  type.encode(message, writer as unknown as BinaryWriter);
  return writer.parts();
}

/** One message, or one within it, up to where it is written. */
class Level {
  readonly writer = new BinaryWriter();
  readonly parts: Part[] = [];
  bytes = 0;

  add(part: Part, bytes: number): void {
    this.seal();
    this.parts.push(part);
    this.bytes += bytes;
  }

  seal(): void {
    const written = this.writer.finish();
    if (written.length > 0) this.parts.push(written);
    this.bytes += written.length;
  }
}

/** Writes a message as generated code does it, but leaves out long texts and bytes, which are parts of their own. */
class PartsWriter {
  readonly #levels = [new Level()];

  parts(): readonly Part[] {
    this.#top.seal();
    return this.#top.parts;
  }

  uint32(value: number): this {
    this.#top.writer.uint32(value);
    return this;
  }

  int32(value: number): this {
    this.#top.writer.int32(value);
    return this;
  }

  uint64(value: bigint): this {
    this.#top.writer.uint64(value);
    return this;
  }

  bool(value: boolean): this {
    this.#top.writer.bool(value);
    return this;
  }

  string(value: string): this {
    if (value.length > LONG) return this.#long(value, Buffer.byteLength(value));
    this.#top.writer.string(value);
    return this;
  }

  bytes(value: Uint8Array): this {
    if (value.length > LONG) return this.#long(value, value.length);
    this.#top.writer.bytes(value);
    return this;
  }

  fork(): this {
    this.#levels.push(new Level());
    return this;
  }

  join(): this {
    const inner = this.#top;
    inner.seal();
    this.#levels.pop();
    this.#top.writer.uint32(inner.bytes);
    this.#top.seal();
    this.#top.parts.push(...inner.parts);
    this.#top.bytes += inner.bytes;
    return this;
  }

  get #top(): Level {
    return this.#levels.at(-1)!;
  }

  #long(value: Part, bytes: number): this {
    this.#top.writer.uint32(bytes);
    this.#top.add(value, bytes);
    return this;
  }
}
