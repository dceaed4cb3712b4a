import assert from 'node:assert/strict';
import type { ErrorCode } from '../../src/errors.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { CellEvent, OutputItem } from '../../src/events.ts';

/** The event, if it is of that type; fails the test if not. */
export function expectEvent<T extends CellEvent['type']>(
  event: CellEvent,
  type: T,
): Extract<CellEvent, { type: T }> {
  assert.equal(event.type, type, JSON.stringify(event));
  return event as Extract<CellEvent, { type: T }>;
}

/** An event in a few words: `completed: a b`, with the failure after it where there is one. */
export function brief(event: CellEvent): string {
  const texts = event.items.map(textOf);
  const failed = event.type === 'completed' && event.failure !== null;
  const words = failed ? [...texts, `(${event.failure?.kind})`] : texts;
  return words.length === 0 ? event.type : `${event.type}: ${words.join(' ')}`;
}

/** The text of a text item, or the URL of another. */
export function textOf(item: OutputItem): string {
  switch (item.type) {
    case 'input_text':
      return item.text;
    case 'input_image':
      return item.image_url;
    case 'input_audio':
      return item.audio_url;
  }
}

/** A text item. */
export function textItem(text: string): OutputItem {
  return { type: 'input_text', text };
}

/** Asserts that it rejects with this code. */
export async function rejectsWith(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof CodeModeError && error.code === code);
}
