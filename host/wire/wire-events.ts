import { type CellEvent, type OutputItem, toDetail } from '../../src/events.ts';
import { missingCell } from '../../src/runtime/missing.ts';
import type { CellOutcome } from '../core/cell-outcome.ts';
import { kindOfText } from '../core/failure-kind.ts';
import type { RuntimeResponse, WaitOutcome } from './protocol.ts';

/**
 * A cell's event in the form of version 1, without notes, kinds of failures and reasons.
 *
 * @param hasCellsCapability Whether the peer has `cellhost.cells` and gets the whole event.
 */
export function toResponse(outcome: CellOutcome, hasCellsCapability: boolean): RuntimeResponse {
  const { event } = outcome;
  if (hasCellsCapability) return { Event: wholeEvent(event) } as RuntimeResponse;
  const took = { code_mode_host_duration_ns: nanoseconds(outcome.tookMs) };
  const body = { cell_id: event.cellId, content_items: [...event.items] };
  switch (event.type) {
    case 'yielded':
    case 'pending':
      return { Yielded: { ...body, ...took } };
    case 'terminated':
      return { Terminated: { ...body, ...took } };
    case 'completed': {
      const error_text = event.failure?.text ?? null;
      const result_buffered_for_ns = nanoseconds(outcome.bufferedMs);
      return { Result: { ...body, error_text, result_buffered_for_ns, ...took } };
    }
    case 'missing':
      return {
        Result: { ...body, error_text: event.message, result_buffered_for_ns: 0, ...took },
      };
  }
}

/** The answer to a wait or a terminate. */
export function toOutcome(outcome: CellOutcome, hasCellsCapability: boolean): WaitOutcome {
  const response = toResponse(outcome, hasCellsCapability);
  return outcome.event.type === 'missing' ? { MissingCell: response } : { LiveCell: response };
}

/** The event of a missing cell has its own type, so it needs no text for a model. */
function wholeEvent(event: CellEvent): CellEvent {
  return event.type === 'missing' ? { ...event, items: [] } : event;
}

/** The event in a response. Fields that version 1 lacks are filled in. */
export function fromResponse(response: RuntimeResponse): CellEvent {
  if ('Event' in response) return response.Event as CellEvent;
  if ('Yielded' in response) return { type: 'yielded', ...common(response.Yielded) };
  if ('Terminated' in response) return { type: 'terminated', ...common(response.Terminated) };
  const { error_text: text } = response.Result;
  const failure = text === null ? null : ({ kind: kindOfText(text), text } as const);
  return { type: 'completed', ...common(response.Result), failure, notes: [] };
}

/** The event in the answer to a wait or a terminate. */
export function fromOutcome(outcome: WaitOutcome): CellEvent {
  if ('LiveCell' in outcome) return fromResponse(outcome.LiveCell);
  const event = fromResponse(outcome.MissingCell);
  return event.type === 'missing' ? event : missingCell(event.cellId, 'unknown');
}

function common(body: { cell_id: string; content_items: readonly WireItem[] }) {
  return { cellId: body.cell_id, items: body.content_items.map(toItem) };
}

type WireItem = Extract<RuntimeResponse, { Yielded: unknown }>['Yielded']['content_items'][number];

function toItem(item: WireItem): OutputItem {
  return item.type === 'input_image' ? { ...item, detail: toDetail(item.detail) } : item;
}

function nanoseconds(ms: number): number {
  return Math.max(0, Math.round(ms * 1e6));
}
