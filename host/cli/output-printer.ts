import type { CellFailure, OutputItem } from '../../src/events.ts';
import type { CliOutput } from './cli-io.ts';
import { jsonLine, type Label, print, printFailure, printLabelled } from './print.ts';
import type { ProgressLine } from './progress-line.ts';

/** How a cell ended, for the command line. */
export interface CellResult {
  readonly outcome: 'completed' | 'failed' | 'terminated' | 'timed_out';
  readonly failure: CellFailure | null;
  readonly notes: readonly string[];
}

/** Shows what a cell does, in the order it does it. */
export interface OutputPrinter {
  output(item: OutputItem): void;
  notification(text: string): void;
  toolCall(callId: string, tool: string): void;
  result(result: CellResult): void;
}

/** One JSON object a line, all on one stream. */
export function jsonPrinter(stdout: CliOutput): OutputPrinter {
  const print = (line: object) => void stdout.write(jsonLine(line));
  return {
    output: (item) => print({ type: 'output', item }),
    notification: (text) => print({ type: 'notification', text }),
    toolCall: (callId, tool) => print({ type: 'tool_call', callId, tool }),
    result: (result) => print({ type: 'result', ...result }),
  };
}

/**
 * Text for people: output on `stdout`, all about it on `stderr`.
 *
 * @param origin Names the source in front of the position of a syntax error.
 */
export function textPrinter(
  stdout: CliOutput,
  stderr: CliOutput,
  progress: ProgressLine | undefined,
  origin: string,
): OutputPrinter {
  const say = (label: Label, text: string) => {
    progress?.erase();
    printLabelled(stderr, label, text);
  };
  return {
    output: (item) => {
      progress?.erase();
      print(stdout, `${itemText(item)}\n`);
    },
    notification: (text) => say('notification:', text),
    toolCall: () => {},
    result: ({ failure, notes }) => {
      progress?.erase();
      if (failure !== null) printFailure(stderr, failureText(failure, origin));
      for (const note of notes) say('note:', note);
    },
  };
}

function itemText(item: OutputItem): string {
  switch (item.type) {
    case 'input_text':
      return item.text;
    case 'input_image':
      return `[image ${mediaText(item.image_url)}]`;
    case 'input_audio':
      return `[audio ${mediaText(item.audio_url)}]`;
  }
}

function mediaText(url: string): string {
  const data = /^data:([^;,]*)[^,]*,/i.exec(url);
  if (data === null) return url;
  const [head, mediaType] = data;
  return `${mediaType || 'unknown'}, ${sizeText(dataLength(url, head))}`;
}

function dataLength(url: string, head: string): number {
  const length = url.length - head.length;
  if (!/;base64,$/i.test(head)) return length;
  const padding = url.endsWith('==') ? 2 : Number(url.endsWith('='));
  return Math.floor((length * 3) / 4) - padding;
}

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function failureText({ text, line, column }: CellFailure, origin: string): string {
  return line === undefined ? text : `${origin}:${line}:${column ?? 1}: ${text}`;
}
