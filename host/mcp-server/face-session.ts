import type { Tool } from '@modelcontextprotocol/server';
import { abortable } from 'abort-controller-x';
import type { Backend } from './backend.ts';
import { outputKey } from './cell-outputs.ts';
import type { CodeSession } from './code-session.ts';
import type { LazyBackend } from './lazy-backend.ts';

/** How a session names its cells. */
export type NameCell = (cellId: string) => string;

/** One conversation as clients reach it: its programs, once there are any, and what they wrote. */
export class FaceSession implements AsyncDisposable {
  /** Names it. */
  readonly key: string;
  readonly #backend: LazyBackend;
  readonly #nameCell: NameCell;
  readonly #remark: string | undefined;
  #code: CodeSession | undefined;
  #told = '';
  #isClosed = false;

  /** @param remark A line for the header of `wait`, such as why cells of before are gone. */
  constructor(key: string, backend: LazyBackend, nameCell: NameCell, remark?: string) {
    this.key = key;
    this.#backend = backend;
    this.#nameCell = nameCell;
    this.#remark = remark;
  }

  get instructions(): string {
    return this.#backend.instructions;
  }

  /** The tools that clients are listed. */
  listTools(): readonly Tool[] {
    return this.#backend.tools();
  }

  /** The cells whose output is kept, oldest first. */
  keptCells(): readonly string[] {
    const prefix = outputKey(this.key, '');
    const keys = this.#backend.loaded?.outputs.keys(prefix) ?? [];
    return keys.map((key) => key.slice(prefix.length));
  }

  /** All output of a cell; undefined if it is not kept. */
  outputOf(cellId: string): string | undefined {
    return this.#backend.loaded?.outputs.whole(outputKey(this.key, cellId));
  }

  /**
   * What a call of one of our tools works on, and what its header must say. `exec` waits until each
   * nested server has started or failed, and names those that are missing when that is news.
   *
   * @throws What the sandbox fails with; an `AbortError` when `signal` aborts.
   */
  async open(
    tool: string,
    signal: AbortSignal,
  ): Promise<{ readonly code: CodeSession; readonly remarks: readonly string[] }> {
    const backend = await abortable(signal, this.#backend.load());
    if (tool === 'exec') await abortable(signal, backend.nested.settled());
    if (this.#isClosed) throw new Error('Cannot run programs: the session is closed');
    this.#code ??= backend.openSession(this.key, this.#nameCell);
    return { code: this.#code, remarks: this.#remarksFor(tool, backend) };
  }

  /** Whether a program runs. */
  get isIdle(): boolean {
    return this.#code?.isIdle ?? true;
  }

  /** Terminates every cell. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#code?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #remarksFor(tool: string, backend: Backend): readonly string[] {
    if (tool === 'wait') return this.#remark === undefined ? [] : [this.#remark];
    if (tool !== 'exec') return [];
    const problems = backend.problems;
    const text = problems.join('\n');
    if (text === this.#told) return [];
    this.#told = text;
    return problems;
  }
}
