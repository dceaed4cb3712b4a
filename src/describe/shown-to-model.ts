import type { CellEvent, OutputItem } from '../events.ts';
import { DEFAULT_OUTPUT_TOKENS, truncateOutput } from './output-truncation.ts';

/**
 * The event as a model may be shown it: its output, then its error as text, all of it cut to a
 * budget.
 *
 * @param tokens The budget; null for 10,000 tokens.
 */
export function shownToModel(event: CellEvent, tokens: number | null): CellEvent {
  const items = truncateOutput(itemsForModel(event), tokens ?? DEFAULT_OUTPUT_TOKENS);
  return { ...event, items } as CellEvent;
}

/** The output of an event, with its error as the last text. Nothing is cut. */
export function itemsForModel(event: CellEvent): readonly OutputItem[] {
  const error = errorOf(event);
  if (error === null) return event.items;
  return [...event.items, { type: 'input_text', text: `Script error:\n${error}` }];
}

function errorOf(event: CellEvent): string | null {
  if (event.type === 'missing') return event.message;
  return event.type === 'completed' ? (event.failure?.text ?? null) : null;
}
