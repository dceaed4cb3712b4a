import type { Tool } from '@modelcontextprotocol/server';
import { abortable } from 'abort-controller-x';
import type { NestedTool } from '../mcp/nested-servers.ts';
import type { Backend } from './backend.ts';
import { outputKey } from './cell-outputs.ts';
import type { CodeSession } from './code-session.ts';
import { DirectCalls } from './direct-calls.ts';
import type { DirectServers } from './direct-servers.ts';
import type { LazyBackend } from './lazy-backend.ts';
import { OpenRequests } from './open-requests.ts';

/** How a session names its cells. */
export type NameCell = (cellId: string) => string;

/** One conversation as clients reach it: its programs, once there are any, and what they wrote. */
export class FaceSession implements AsyncDisposable {
  /** Names it. */
  readonly key: string;
  /** The calls of tools that clients make past any program. */
  readonly directCalls: DirectCalls;
  readonly requests = new OpenRequests();
  readonly #backend: LazyBackend;
  readonly #nameCell: NameCell;
  readonly #remark: string | undefined;
  #code: CodeSession | undefined;
  #told = '';
  #isClosed = false;

  /** @param remark A line for the header of a `wait` for a cell that is missing: why it is gone. */
  constructor(key: string, backend: LazyBackend, nameCell: NameCell, remark?: string) {
    this.key = key;
    this.#backend = backend;
    this.directCalls = new DirectCalls(backend.guard);
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

  /** Whether clients also get tools, resources and prompts of nested servers. */
  get isDirect(): boolean {
    return this.#backend.isDirect;
  }

  /** Resources and prompts of nested servers. @throws An `AbortError` when `signal` aborts. */
  async directServers(signal: AbortSignal): Promise<DirectServers> {
    return (await abortable(signal, this.#backend.load())).directServers;
  }

  /** A tool that clients call themselves; undefined if there is none, also when all servers settled. */
  async directTool(name: string, signal: AbortSignal): Promise<NestedTool | undefined> {
    if (!this.isDirect) return undefined;
    const backend = await abortable(signal, this.#backend.load());
    if (!backend.direct.has(name)) await abortable(signal, backend.nested.settled());
    return backend.direct.get(name);
  }

  /** Whether a call is not answered yet. */
  get isCalled(): boolean {
    return this.requests.size > 0;
  }

  /** Terminates the cells that run. Stored values stay, and others can be started. */
  async terminateCells(): Promise<void> {
    await this.#code?.terminateAll();
  }

  /** Terminates every cell. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.directCalls.close();
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
