import type { CellEvent, MissingReason, OutputItem, PendingCall } from '../events.ts';
import { DEFAULT_OUTPUT_TOKENS, outputTokens, truncateOutput } from './output-truncation.ts';
import { itemsForModel } from './shown-to-model.ts';

/** How to render an event for a model. */
export interface ModelContentOptions {
  /** Budget of everything after the header, in tokens of four bytes. Default: 10,000. */
  readonly maxTokens?: number;
  /** How long the model waited, in milliseconds. Default: the header does not say. */
  readonly tookMs?: number;
  /** What a running program waits for. The header names up to eight calls. Default: none. */
  readonly pendingCalls?: readonly PendingCall[];
  /** More lines for the header, such as a tool server that is missing. Default: none. */
  readonly remarks?: readonly string[];
  /** How to read output that was cut; the header says it. Default: nothing is said. */
  readonly readMore?: string;
}

const MAX_NAMED_CALLS = 8;

const MISSING: Readonly<Record<MissingReason, string>> = {
  unknown: 'no cell of this session has this ID',
  delivered: 'its result was delivered before',
  terminated: 'it was terminated before',
  evicted: 'nobody asked for its result in time',
  lost: 'its sandbox process was lost, which was reported before',
};

/**
 * An event of a cell as a model reads it: a header, then the output, notes, and last the error.
 *
 * The header is one text. Its first line is the status, as in Codex code mode. Text over the budget
 * keeps its head and tail, and the header says how much was cut; images are never cut.
 */
export function toModelContent(
  event: CellEvent,
  options: ModelContentOptions = {},
): readonly OutputItem[] {
  const { maxTokens = DEFAULT_OUTPUT_TOKENS } = options;
  const items = itemsForModel(withReason(withNotes(event)));
  const tokens = outputTokens(items);
  const header = [
    statusOf(event),
    ...(options.tookMs === undefined ? [] : [`Wall time ${seconds(options.tookMs)} seconds`]),
    ...waitingFor(event, options.pendingCalls ?? []),
    ...(options.remarks ?? []),
    ...(tokens > maxTokens ? [cutLine(tokens, maxTokens, options.readMore)] : []),
    'Output:',
    '',
  ];
  return [textItem(header.join('\n')), ...truncateOutput(items, maxTokens)];
}

/** Whether an event tells a model that its program failed, or is not there. */
export function isFailure(event: CellEvent): boolean {
  return event.type === 'missing' || (event.type === 'completed' && event.failure !== null);
}

function statusOf(event: CellEvent): string {
  switch (event.type) {
    case 'yielded':
    case 'pending':
      return `Script running with cell ID ${event.cellId}`;
    case 'completed':
      return event.failure === null ? 'Script completed' : 'Script failed';
    case 'terminated':
      return 'Script terminated';
    case 'missing':
      return 'Script failed';
  }
}

function withNotes(event: CellEvent): CellEvent {
  if (event.type !== 'completed' || event.notes.length === 0) return event;
  const notes = event.notes.map((note) => textItem(`Note: ${note}`));
  return { ...event, items: [...event.items, ...notes] };
}

function withReason(event: CellEvent): CellEvent {
  if (event.type !== 'missing') return event;
  return { ...event, message: `${event.message}: ${MISSING[event.reason]}` };
}

function waitingFor(event: CellEvent, calls: readonly PendingCall[]): readonly string[] {
  if (calls.length === 0 || (event.type !== 'yielded' && event.type !== 'pending')) return [];
  const named = calls.slice(0, MAX_NAMED_CALLS).map(({ callId, tool }) => `${tool} (${callId})`);
  const others = calls.length - named.length;
  return [`Waiting for: ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`];
}

function cutLine(tokens: number, maxTokens: number, readMore: string | undefined): string {
  const more = readMore === undefined ? '' : `; ${readMore}`;
  return `Output cut: ${tokens} tokens were written, the budget is ${maxTokens}${more}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function textItem(text: string): OutputItem {
  return { type: 'input_text', text };
}
