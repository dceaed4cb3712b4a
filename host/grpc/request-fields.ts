import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A field of a message with bytes: a text, bytes, or another message. */
export interface Field {
  readonly number: number;
  readonly value: Buffer;
}

/** Counts down the fields that may still be looked at. */
export interface FieldBudget {
  left: number;
}

/**
 * The fields of a message that have bytes, without decoding them.
 *
 * @throws Error if it is no message, or more fields than the budget has are in it.
 */
export function* fieldsOf(message: Buffer, budget: FieldBudget): Generator<Field> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    budget.left -= 1;
    if (budget.left < 0) throw new Error('it has too many fields');
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) {
      const length = reader.uint32();
      const start = reader.pos;
      if (start + length > reader.len) throw new Error('it ends within a field');
      reader.pos = start + length;
      yield { number, value: message.subarray(start, start + length) };
    } else reader.skip(type, number);
  }
}
