import type { CellEvent, OutputItem } from '../../src/events.ts';
import { DEFAULT_OUTPUT_TOKENS, truncateOutput } from './output-truncation.ts';

/** The answer to a request that waited for a cell, for any wire. */
export interface CellOutcome {
  /** Its items are what the client may show to a model. */
  readonly event: CellEvent;
  /** Milliseconds from the request to this answer. */
  readonly tookMs: number;
  /** Milliseconds for which a completion had waited for a request. */
  readonly bufferedMs: number;
}

/**
 * The event as a model may be shown it: its output, then its error as text, all of it cut to a
 * budget.
 *
 * @param tokens The budget; null for 10,000 tokens.
 */
export function shownToModel(event: CellEvent, tokens: number | null): CellEvent {
  const error = errorOf(event);
  const shown: readonly OutputItem[] =
    error === null
      ? event.items
      : [...event.items, { type: 'input_text', text: `Script error:\n${error}` }];
  return { ...event, items: truncateOutput(shown, tokens ?? DEFAULT_OUTPUT_TOKENS) } as CellEvent;
}

function errorOf(event: CellEvent): string | null {
  if (event.type === 'missing') return event.message;
  return event.type === 'completed' ? (event.failure?.text ?? null) : null;
}
