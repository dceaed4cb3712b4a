import type { OutputItem } from '../../../src/events.ts';
import { textOfItem } from '../../../src/events.ts';
import { PIECE_LENGTH, textPieces } from '../../../src/json/json-pieces.ts';
import type { CellOutcome as Outcome } from '../../core/cell-outcome.ts';
import { CellOutcome, type MessageFns } from '../generated/code-mode.ts';
import { fieldHead, frameOf } from '../message-framing.ts';
import { type Part, partsOf } from '../parts-writer.ts';
import { toCellOutcome, toItem } from './outcomes.ts';

/** How long a message is encoded before other work of this process has its turn, in milliseconds. */
const MAX_TURN_MS = 2;
/** What an item weighs beside its text, in UTF-16 units. */
const ITEM_LENGTH = 64;

interface Encoded {
  readonly parts: readonly Buffer[];
  readonly bytes: number;
}

/**
 * Encodes a message with long texts over several turns.
 *
 * @returns Its parts with the prefix.
 * @throws StatusError `outOfRange` if it is too large.
 */
export async function encodeLarge<T>(
  type: Pick<MessageFns<T>, 'encode'>,
  message: T,
): Promise<readonly Buffer[]> {
  const { parts, bytes } = await encode(partsOf(type, message));
  return [frameOf(bytes), ...parts];
}

/** Encodes a message with long bytes, which are not copied, at once. See `encodeLarge`. */
export function inParts<T>(type: Pick<MessageFns<T>, 'encode'>, message: T): readonly Buffer[] {
  const parts = [...pieces(partsOf(type, message))];
  return [frameOf(parts.reduce((bytes, { length }) => bytes + length, 0)), ...parts];
}

/** Encodes a message whose only field is an outcome. See `encodeLarge`. */
export async function encodeLargeOutcome(
  field: number,
  outcome: Outcome,
): Promise<readonly Buffer[]> {
  const { parts, bytes } = await encode(outcomeParts(outcome));
  const head = fieldHead(field, bytes);
  return [frameOf(head.length + bytes), head, ...parts];
}

/** Parts of a message that follow each other are one message, and their lists are one list. */
function* outcomeParts(outcome: Outcome): Generator<Part> {
  const { event } = outcome;
  const rest = toCellOutcome({ ...outcome, event: { ...event, items: [] } as Outcome['event'] });
  yield CellOutcome.encode(rest).finish();
  let run: OutputItem[] = [];
  let length = 0;
  for (const item of event.items) {
    const itemLength = ITEM_LENGTH + textOfItem(item).length;
    if (run.length > 0 && length + itemLength > PIECE_LENGTH) {
      yield CellOutcome.encode(withItems(run)).finish();
      run = [];
      length = 0;
    }
    if (itemLength > PIECE_LENGTH) {
      yield* partsOf(CellOutcome, withItems([item]));
    } else {
      run.push(item);
      length += itemLength;
    }
  }
  yield CellOutcome.encode(withItems(run)).finish();
}

function withItems(items: readonly OutputItem[]): CellOutcome {
  return { cellId: '', contentItems: items.map(toItem), state: undefined, hostDurationNs: 0n };
}

async function encode(parts: Iterable<Part>): Promise<Encoded> {
  const encoded: Buffer[] = [];
  let bytes = 0;
  let until = performance.now() + MAX_TURN_MS;
  for (const part of pieces(parts)) {
    encoded.push(part);
    bytes += part.length;
    if (performance.now() < until) continue;
    await new Promise((resolve) => setImmediate(resolve));
    until = performance.now() + MAX_TURN_MS;
  }
  return { parts: encoded, bytes };
}

function* pieces(parts: Iterable<Part>): Generator<Buffer> {
  for (const part of parts) {
    if (typeof part === 'string') for (const piece of textPieces(part)) yield Buffer.from(piece);
    else yield Buffer.from(part.buffer, part.byteOffset, part.length);
  }
}
