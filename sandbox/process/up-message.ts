import type { JsonText } from '../../src/delegate.ts';
import {
  type CellFailure,
  type FailureKind,
  type ImageDetail,
  type OutputItem,
  toDetail,
} from '../../src/events.ts';
import type { ProgramEnd } from '../../src/sandbox.ts';
import type { Frame } from './frames.ts';
import { END_BOUNDS, Up, VALUES_PER_FRAME } from './message-kinds.ts';

/** A key and its value as JSON text. */
export type Write = readonly [key: string, json: string];

/** What a sandbox process sends about one program. */
export type RunMessage =
  | { readonly type: 'started' }
  | { readonly type: 'waits' }
  | { readonly type: 'proceeds' }
  | { readonly type: 'yield' }
  | { readonly type: 'frontier' }
  | { readonly type: 'output'; readonly item: OutputItem }
  | {
      readonly type: 'call';
      readonly id: number;
      readonly tool: number;
      readonly inputJson: string | JsonText | undefined;
    }
  | { readonly type: 'notify'; readonly text: string }
  | { readonly type: 'writes'; readonly writes: readonly Write[] }
  | { readonly type: 'end'; readonly end: ProgramEnd };

/** What a sandbox process sends. */
export type UpMessage =
  | RunMessage
  | { readonly type: 'gone' }
  | { readonly type: 'pong'; readonly lacksCode: boolean }
  | { readonly type: 'able' }
  | { readonly type: 'shared' }
  | { readonly type: 'heaviest' };

/**
 * Reads a frame of a sandbox process. Nothing in it is trusted: each field is checked, and the result
 * is a new object with the known fields only.
 *
 * Texts that have to be JSON were checked as they came: see `JsonTexts`.
 *
 * @param maxLength Length of the longest value, in UTF-16 units.
 * @throws Error for a frame that no honest process sends.
 */
export function readUpMessage(frame: Frame, maxLength: number): UpMessage {
  switch (frame.kind) {
    case Up.Pong:
      return readPong(frame);
    case Up.Able:
      return bare(frame, 'able', frame.run === 0);
    case Up.Shared:
      return bare(frame, 'shared', frame.run === 0);
    case Up.Heaviest:
      return bare(frame, 'heaviest');
    case Up.Gone:
      return bare(frame, 'gone');
    case Up.Started:
      return bare(frame, 'started');
    case Up.Waits:
      return bare(frame, 'waits');
    case Up.Proceeds:
      return bare(frame, 'proceeds');
    case Up.Yield:
      return bare(frame, 'yield');
    case Up.Frontier:
      return bare(frame, 'frontier');
    case Up.Text:
      return output(frame, maxLength, { type: 'input_text', text: onlyText(frame) });
    case Up.Audio:
      return output(frame, maxLength, { type: 'input_audio', audio_url: onlyText(frame) });
    case Up.Image:
      return output(frame, maxLength, readImage(frame));
    case Up.Call:
      return readCall(frame, maxLength);
    case Up.Notify:
      return readNotification(frame, maxLength);
    case Up.Writes:
      return { type: 'writes', writes: readWrites(frame, maxLength) };
    case Up.End:
      return { type: 'end', end: { failure: readFailure(frame), notes: readNotes(frame) } };
  }
  return refuse(`there is no kind ${frame.kind}`);
}

type OfProcess = 'gone' | 'heaviest' | 'able' | 'shared';
type Bare = 'started' | 'waits' | 'proceeds' | 'yield' | 'frontier' | OfProcess;

/** A message without numbers and texts. */
function bare<Type extends Bare>(
  frame: Frame,
  type: Type,
  isValid = true,
): { readonly type: Type } {
  checkNoNumbers(frame);
  if (!isValid || frame.texts.length > 0) refuse(`${type} has more than it may have`);
  return { type };
}

function readPong({ run, a, b, texts }: Frame): UpMessage {
  if (run !== 0 || a > 1 || b !== 0 || texts.length > 0) refuse('pong has more than it may have');
  return { type: 'pong', lacksCode: a === 1 };
}

function output(frame: Frame, maxLength: number, item: OutputItem): RunMessage {
  checkNoNumbers(frame);
  checkLength(frame.texts[0]!.length, maxLength);
  return { type: 'output', item };
}

function readImage({ texts }: Frame): OutputItem {
  const [url, detail] = texts;
  if (texts.length !== 2 || url === undefined || toDetail(detail) !== detail) {
    return refuse('the image is malformed');
  }
  return { type: 'input_image', image_url: url, detail: detail as ImageDetail };
}

function readCall(frame: Frame, maxLength: number): RunMessage {
  const { a: id, b: tool, texts, argument, argumentLength } = frame;
  if (argument !== undefined) {
    // A character has no more units than bytes.
    if (argument.json.length > maxLength) {
      checkLength(argumentLength ? argumentLength : argument.text.length, maxLength);
    }
    return { type: 'call', id, tool, inputJson: argument };
  }
  if (texts.length === 0) return { type: 'call', id, tool, inputJson: undefined };
  const inputJson = onlyText(frame);
  checkLength(inputJson.length, maxLength);
  return { type: 'call', id, tool, inputJson };
}

function readNotification(frame: Frame, maxLength: number): RunMessage {
  const text = onlyText(frame);
  checkNoNumbers(frame);
  checkLength(text.length, maxLength);
  if (text.trim() === '') refuse('the notification is blank');
  return { type: 'notify', text };
}

function readWrites(frame: Frame, maxLength: number): readonly Write[] {
  const { texts } = frame;
  checkNoNumbers(frame);
  if (texts.length === 0 || texts.length % 2 > 0 || texts.length > 2 * VALUES_PER_FRAME) {
    refuse(`it has ${texts.length} keys and stored values`);
  }
  const writes: Write[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    const [key, json] = [texts[at], texts[at + 1]];
    if (key === undefined || json === undefined) refuse('a stored value is missing');
    checkLength(key.length + json.length, maxLength);
    writes.push([key, json]);
  }
  return writes;
}

/** Those that happen inside a process; the others are its host's to tell. */
const FAILURE_KINDS: readonly (string | undefined)[] = [
  'syntax',
  'exception',
  'limit',
  'memory',
  'deadlock',
  'sandbox_failed',
] satisfies readonly FailureKind[];

function readFailure(frame: Frame): CellFailure | null {
  const { a: line, b: column, texts } = frame;
  const [kind, text] = texts;
  const hasPlace = line > 0 && column > 0;
  if (!hasPlace || kind !== 'syntax') checkNoNumbers(frame);
  if (texts.length >= 2 && kind === undefined && text === undefined) return null;
  if (!FAILURE_KINDS.includes(kind) || text === undefined) return refuse('the end is malformed');
  checkLength(text.length, END_BOUNDS.failureLength);
  const failure = { kind: kind as FailureKind, text };
  return hasPlace ? { ...failure, line, column } : failure;
}

function readNotes({ texts }: Frame): readonly string[] {
  const notes = texts.slice(2);
  if (notes.length > END_BOUNDS.notes) refuse('the end has too many notes');
  return notes.map((note) => {
    if (note === undefined) return refuse('a note is missing');
    checkLength(note.length, END_BOUNDS.noteLength);
    return note;
  });
}

function onlyText({ texts }: Frame): string {
  const [text] = texts;
  return texts.length === 1 && text !== undefined ? text : refuse('it has no text, or several');
}

function checkNoNumbers({ a, b }: Frame): void {
  if (a !== 0 || b !== 0) refuse('it has numbers that it may not have');
}

function checkLength(length: number, maxLength: number): void {
  if (length > maxLength) refuse(`a text has ${length} characters, the limit is ${maxLength}`);
}

function refuse(why: string): never {
  throw new Error(`Cannot read the message: ${why}`);
}
