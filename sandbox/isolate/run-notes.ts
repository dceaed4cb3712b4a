import type { Program } from '../../src/sandbox.ts';
import { cancelledNote, lineOfTool } from './cancelled-note.ts';
import { rejectionNote } from './rejection-note.ts';

const MAX_NOTES = 16;
const MAX_FAILURES = 16;
/** How much of a failure's text is kept to tell it from others. */
const MAX_TEXT_LENGTH = 1_024;

/** The notes on one program, 16 at most. */
export class RunNotes {
  readonly #program: Program;
  readonly #notes: string[] = [];
  /** The tools of the calls that failed last, by the text of the failure. */
  readonly #failures = new Map<string, string>();

  constructor(program: Program) {
    this.#program = program;
  }

  /** A call of this tool failed. A rejection with the same text probably comes from it. */
  failed(tool: string, text: string): void {
    const start = text.slice(0, MAX_TEXT_LENGTH);
    this.#failures.delete(start);
    this.#failures.set(start, tool);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_FAILURES && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** Notes a rejected promise that was not handled. */
  rejected(error: unknown): void {
    if (this.#notes.length >= MAX_NOTES) return;
    const tool = error instanceof Error ? this.#toolOf(error) : undefined;
    this.#notes.push(rejectionNote(error, tool));
  }

  #toolOf({ message }: Error): string | undefined {
    const { source, toolErrors } = this.#program;
    const tool = this.#failures.get(message.slice(0, MAX_TEXT_LENGTH));
    if (tool === undefined || toolErrors === 'string') return undefined;
    const line = lineOfTool(source, tool);
    return line === null ? `tools.${tool}` : `tools.${tool}, line ${line}`;
  }

  /** @param calledTools The tools of the calls that are unanswered at the program's end. */
  atEnd(calledTools: readonly string[]): readonly string[] {
    const { source, toolErrors } = this.#program;
    if (toolErrors === 'string') return this.#notes;
    const note = cancelledNote(source, calledTools);
    return note === null ? this.#notes : [note, ...this.#notes].slice(0, MAX_NOTES);
  }
}
