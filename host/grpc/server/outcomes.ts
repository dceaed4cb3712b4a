import { CodeModeError, type ErrorCode, messageOf } from '../../../src/errors.ts';
import type { CellEvent, ImageDetail as Detail, OutputItem } from '../../../src/events.ts';
import type { CellOutcome as Outcome } from '../../core/cell-outcome.ts';
import {
  type CellOutcome,
  type ContentItem,
  ImageDetail,
  type WaitResponse,
} from '../generated/code-mode.ts';
import { Status, StatusError } from '../status.ts';

/** Translates what cells come to into messages. */

const DETAILS: Readonly<Record<Detail, ImageDetail>> = {
  auto: ImageDetail.AUTO,
  low: ImageDetail.LOW,
  high: ImageDetail.HIGH,
  original: ImageDetail.ORIGINAL,
};

const STATUSES: Partial<Readonly<Record<ErrorCode, Status>>> = {
  invalid_argument: Status.invalidArgument,
  session_unknown: Status.notFound,
  session_closed: Status.failedPrecondition,
  cell_busy: Status.failedPrecondition,
  cell_terminating: Status.failedPrecondition,
  cell_ids_exhausted: Status.resourceExhausted,
  limit_exceeded: Status.resourceExhausted,
  cancelled: Status.cancelled,
  connection_lost: Status.unavailable,
};

/** An event of a cell, without notes, kinds of failures and reasons. */
export function toCellOutcome({ event, tookMs }: Outcome): CellOutcome {
  return {
    cellId: event.cellId,
    contentItems: event.items.map(toItem),
    state: toState(event),
    hostDurationNs: nanoseconds(tookMs),
  };
}

/** The answer to a wait or a terminate. */
export function toWaitResponse(outcome: Outcome): WaitResponse {
  const value = toCellOutcome(outcome);
  const isMissing = outcome.event.type === 'missing';
  return { outcome: isMissing ? { $case: 'missingCell', value } : { $case: 'liveCell', value } };
}

/** How long a completion had waited for a request, as a header; nothing for other events. */
export function bufferedFor({ event, bufferedMs }: Outcome): Readonly<Record<string, string>> {
  if (event.type !== 'completed') return {};
  return { 'codex-code-mode-result-buffered-for-ns': String(nanoseconds(bufferedMs)) };
}

/** How a call fails for this reason. */
export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const status = error instanceof CodeModeError ? STATUSES[error.code] : undefined;
  return new StatusError(status ?? Status.internal, messageOf(error), { cause: error });
}

function toState(event: CellEvent): CellOutcome['state'] {
  switch (event.type) {
    case 'yielded':
    case 'pending':
      return { $case: 'yielded', value: {} };
    case 'terminated':
      return { $case: 'terminated', value: {} };
    case 'completed':
      return { $case: 'completed', value: { errorText: event.failure?.text } };
    case 'missing':
      return { $case: 'completed', value: { errorText: event.message } };
  }
}

/** An item of output as a message. */
export function toItem(item: OutputItem): ContentItem {
  switch (item.type) {
    case 'input_text':
      return { item: { $case: 'text', value: { text: item.text } } };
    case 'input_image': {
      const value = { imageUrl: item.image_url, detail: DETAILS[item.detail] };
      return { item: { $case: 'image', value } };
    }
    case 'input_audio':
      return { item: { $case: 'audio', value: { audioUrl: item.audio_url } } };
  }
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.max(0, Math.round(ms * 1e6)));
}
