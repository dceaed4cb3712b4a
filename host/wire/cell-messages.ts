import * as z from 'zod';
import { MAX_ID_LENGTH } from '../../src/runtime/check-arguments.ts';
import { count } from './wire-numbers.ts';

/** The parts of messages that describe a cell: its output, its pending calls and its events. */

export const cellId = z.string().max(MAX_ID_LENGTH);

const detail = z.enum(['auto', 'low', 'high', 'original']);
const textItem = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const audioItem = z.strictObject({ type: z.literal('input_audio'), audio_url: z.string() });
const imageFields = { type: z.literal('input_image'), image_url: z.string() };
const imageItem = z.strictObject({ ...imageFields, detail });
/** In version 1, the detail of an image is optional. */
const v1ImageItem = z.strictObject({ ...imageFields, detail: detail.nullish() });
const item = z.discriminatedUnion('type', [textItem, imageItem, audioItem]);
export const items = z.array(item);
export const v1Items = z.array(z.discriminatedUnion('type', [textItem, v1ImageItem, audioItem]));

export const pendingCall = z.strictObject({ callId: z.string(), tool: z.string() });
const failure = z.strictObject({
  kind: z.enum(['syntax', 'exception', 'limit', 'memory', 'deadlock', 'lost', 'sandbox_failed']),
  text: z.string(),
  line: count.optional(),
  column: count.optional(),
});

const missing = z.strictObject({
  type: z.literal('missing'),
  cellId,
  items: z.tuple([]),
  reason: z.enum(['unknown', 'delivered', 'terminated', 'evicted', 'lost']),
  message: z.string(),
});
const ending = { failure: failure.nullable(), notes: z.array(z.string()) };

/** `cellhost.cells`: the answer to a wait for a cell, as a `CellEvent`. */
export const cellEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('yielded'), cellId, items }),
  z.strictObject({
    type: z.literal('pending'),
    cellId,
    items,
    generation: count,
    pendingCalls: z.array(pendingCall),
  }),
  z.strictObject({
    type: z.literal('completed'),
    cellId,
    items,
    ...ending,
  }),
  z.strictObject({ type: z.literal('terminated'), cellId, items }),
  missing,
]);

/** `cellhost.cells`: the position of an event in the record of its cell. */
const place = { seq: count, atMs: z.number() };

/** `cellhost.cells`: an event in the record of a cell, as a `LiveEvent`. */
export const liveEvent = z.discriminatedUnion('type', [
  z.strictObject({ ...place, type: z.literal('output'), item }),
  z.strictObject({ ...place, type: z.literal('tool-started'), ...pendingCall.shape }),
  z.strictObject({ ...place, type: z.literal('tool-ended'), callId: z.string(), ok: z.boolean() }),
  z.strictObject({ ...place, type: z.literal('notified'), text: z.string() }),
  z.strictObject({
    ...place,
    type: z.literal('phase'),
    phase: z.enum(['running', 'waiting', 'held', 'draining', 'terminating']),
  }),
  z.strictObject({ ...place, type: z.literal('gap'), missed: count }),
  z.strictObject({ ...place, type: z.literal('completed'), ...ending }),
  z.strictObject({ ...place, type: z.literal('terminated') }),
  missing.extend(place),
]);
