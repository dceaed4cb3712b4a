import { ToolCall } from '../../../src/delegate.ts';
import {
  type CellEvent,
  type ImageDetail,
  type OutputItem,
  toDetail,
} from '../../../src/events.ts';
import { flatToolName } from '../../../src/tools.ts';
import { kindOfText } from '../../core/failure-kind.ts';
import {
  type CellOutcome,
  type ContentItem,
  ImageDetail as Detail,
  type ToolCall as ToolCallMessage,
  ToolKind,
} from '../generated/code-mode.ts';
import { Status, StatusError } from '../status.ts';

const DETAILS: ReadonlyMap<number | undefined, ImageDetail> = new Map([
  [Detail.AUTO, 'auto'],
  [Detail.LOW, 'low'],
  [Detail.HIGH, 'high'],
  [Detail.ORIGINAL, 'original'],
]);

/** The event that a host reports. Fields that gRPC lacks are filled in. @throws StatusError. */
export function toEvent(outcome: CellOutcome | undefined): CellEvent {
  if (outcome === undefined) throw senseless('an answer without an outcome');
  const { cellId, contentItems, state } = outcome;
  const items = contentItems.map(toItem);
  switch (state?.$case) {
    case 'yielded':
      return { type: 'yielded', cellId, items };
    case 'terminated':
      return { type: 'terminated', cellId, items };
    case 'completed': {
      const { errorText: text } = state.value;
      const failure = text === undefined ? null : ({ kind: kindOfText(text), text } as const);
      return { type: 'completed', cellId, items, failure, notes: [] };
    }
    case undefined:
      throw senseless(`an outcome of cell ${cellId} without a state`);
  }
}

/** The call that a host makes. @throws StatusError. */
export function toToolCall(message: ToolCallMessage): ToolCall {
  const { cellId, runtimeToolCallId: callId, toolName: wireName, toolKind } = message;
  if (wireName === undefined) throw senseless('a tool call without a name');
  const toolName = { name: wireName.name, namespace: wireName.namespace ?? null };
  return new ToolCall({
    cellId,
    callId,
    tool: flatToolName(toolName),
    toolName,
    kind: toolKind === ToolKind.FREEFORM ? 'freeform' : 'function',
    inputJson: message.inputJson === undefined ? undefined : textOf(message.inputJson),
  });
}

/** What a call costs to keep, in bytes. */
export function bytesOfCall({ inputJson, cellId, toolName }: ToolCallMessage): number {
  const texts = cellId.length + (toolName?.name.length ?? 0) + (toolName?.namespace?.length ?? 0);
  return (inputJson?.length ?? 0) + texts;
}

/** The error for a message that makes no sense. */
export function senseless(what: string): StatusError {
  return new StatusError(Status.internal, `code-mode host sent ${what}`);
}

function toItem({ item }: ContentItem): OutputItem {
  switch (item?.$case) {
    case 'text':
      return { type: 'input_text', text: item.value.text };
    case 'image': {
      const { imageUrl: image_url, detail } = item.value;
      return { type: 'input_image', image_url, detail: toDetail(DETAILS.get(detail)) };
    }
    case 'audio':
      return { type: 'input_audio', audio_url: item.value.audioUrl };
    case undefined:
      throw senseless('an empty item of output');
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
