import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import { escapedJson, inOneLine, withoutControls } from '../io/visible-text.ts';
import type { NestedTool } from '../mcp/nested-servers.ts';
import type { AcpVersion } from './folded-servers.ts';

const MAX_TITLE_LENGTH = 200;
const MAX_RESULT_LENGTH = 2000;
/** Longer arguments are shown as the beginning of their text. */
const MAX_INPUT_LENGTH = 64 * 1024;

/** A call of a program as the editor shows it. */
export interface Card {
  /** Differs from every id of the agent. */
  readonly id: string;
  readonly title: string;
  readonly kind: 'read' | 'other';
  /** The arguments, as JSON text. */
  readonly inputJson: string;
  readonly cellId: string;
  /** The agent's card of the call that runs the program, if it is known. */
  readonly parentId: string | undefined;
}

/** How a call ended. */
export interface CardEnd {
  readonly status: 'completed' | 'failed' | 'cancelled';
  /** What it brought, or what went wrong. */
  readonly text: string;
}

/** What a person may answer when a call must be allowed. */
const PERMISSION_OPTIONS = [
  { optionId: 'allow_once', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'allow_always', name: 'Always in this session', kind: 'allow_always' },
  { optionId: 'reject_once', name: 'Reject', kind: 'reject_once' },
] as const;

/** What a tool is called where people see it. Its own words cannot add a line. */
export function titleOf({ server, tool }: NestedTool): string {
  const title = inOneLine(`${server.name} › ${tool.name}`);
  return title.length > MAX_TITLE_LENGTH ? `${title.slice(0, MAX_TITLE_LENGTH)}…` : title;
}

/** The update that makes a card. A brief one leaves the arguments out. */
export function cardMade(
  version: AcpVersion,
  card: Card,
  status: 'pending' | 'in_progress' | CardEnd['status'],
  isBrief = false,
): object {
  const { id, title, kind, cellId, parentId } = card;
  return {
    sessionUpdate: version === 2 ? 'tool_call_update' : 'tool_call',
    toolCallId: id,
    title,
    kind,
    status: statusIn(version, status),
    ...(!isBrief && { rawInput: shownInput(card) }),
    _meta: { cellhost: { cellId, ...(parentId && { parentToolCallId: parentId }) } },
  };
}

/** The update of a card whose call was allowed. */
export function cardAllowed({ id }: Card): object {
  return { sessionUpdate: 'tool_call_update', toolCallId: id, status: 'in_progress' };
}

/** The update that ends a card. A brief one leaves out what the call brought. */
export function cardEnded(
  version: AcpVersion,
  { id }: Card,
  { status, text }: CardEnd,
  isBrief = false,
): object {
  const shown = withoutControls(cut(text, MAX_RESULT_LENGTH));
  return {
    sessionUpdate: 'tool_call_update',
    toolCallId: id,
    status: statusIn(version, status),
    ...(!isBrief && shown !== '' && { content: [textContent(shown)] }),
  };
}

/** The card for calls between two turns of which no more is shown than how many they were. */
export function cardOfMissed(version: AcpVersion, id: string, count: number): object {
  return {
    sessionUpdate: version === 2 ? 'tool_call_update' : 'tool_call',
    toolCallId: id,
    title: `${count} more calls since the last turn`,
    kind: 'other',
    status: 'completed',
  };
}

/** The parameters of `session/request_permission`, with the arguments in full, as one line of JSON. */
export function permissionFor(version: AcpVersion, sessionId: string, card: Card): object {
  const input: unknown = JSON.parse(card.inputJson);
  const { id, title, kind } = card;
  const content = [textContent(`\`\`\`json\n${escapedJson(input)}\n\`\`\``)];
  const toolCall = { toolCallId: id, title, kind, status: 'pending', rawInput: input, content };
  const options = PERMISSION_OPTIONS;
  if (version === 1) return { sessionId, toolCall, options };
  return { sessionId, title, subject: { type: 'tool_call', toolCall }, options };
}

/** What a person decided; anything that is not one of our options is a rejection. */
export function permissionIn(result: unknown): 'allow_once' | 'allow_always' | 'reject_once' {
  const outcome = isJsonObject(result) ? result.outcome : undefined;
  if (!isJsonObject(outcome) || outcome.outcome !== 'selected') return 'reject_once';
  const option = PERMISSION_OPTIONS.find(({ optionId }) => optionId === outcome.optionId);
  return option?.optionId ?? 'reject_once';
}

/** How a result of a tool looks on its card. */
export function endWith(result: unknown): CardEnd {
  const { content, isError } = isJsonObject(result) ? result : ({} as JsonObject);
  const texts = Array.isArray(content) ? content.flatMap(textsOf) : [];
  return { status: isError === true ? 'failed' : 'completed', text: texts.join('\n') };
}

function textsOf(block: unknown): readonly string[] {
  if (!isJsonObject(block)) return [];
  return typeof block.text === 'string' ? [block.text] : [`(${String(block.type)})`];
}

function shownInput({ inputJson }: Card): unknown {
  return inputJson.length <= MAX_INPUT_LENGTH
    ? JSON.parse(inputJson)
    : cut(inputJson, MAX_RESULT_LENGTH);
}

function textContent(text: string): object {
  return { type: 'content', content: { type: 'text', text } };
}

/** Version 1 knows no cancelled calls. */
function statusIn(version: AcpVersion, status: string): string {
  return version === 1 && status === 'cancelled' ? 'failed' : status;
}

function cut(text: string, length: number): string {
  const missing = text.length - length;
  return missing > 0 ? `${text.slice(0, length)}… (${missing} more characters)` : text;
}
