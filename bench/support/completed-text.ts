import type { CellEvent } from '../../src/events.ts';

/** The text of a program that succeeded. Throws for any other event. */
export function completedText(event: CellEvent): string {
  if (event.type !== 'completed') throw new Error(`The cell did not complete: ${event.type}`);
  if (event.failure !== null) throw new Error(`The cell failed: ${event.failure.text}`);
  return event.items.map((item) => (item.type === 'input_text' ? item.text : '')).join('');
}
