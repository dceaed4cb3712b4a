import { type ToolName, toolNamespace } from '../../../src/tools.ts';
import type { ServerCall } from './server-call.ts';
import { sizeOf, UnreadBytes } from './unread-bytes.ts';

/** A stream over which a client takes tool calls. */
export class Subscription {
  readonly #call: ServerCall;
  /** Names of tools; null for all. */
  readonly #names: ReadonlySet<string> | null;
  readonly #unread = new UnreadBytes();
  /** Tool calls that were sent over it and are not answered. */
  open = 0;

  /** @param toolNames The tools that it is for; none means all. */
  constructor(call: ServerCall, toolNames: readonly ToolName[]) {
    this.#call = call;
    this.#names = toolNames.length === 0 ? null : new Set(toolNames.map(keyOf));
  }

  matches(toolName: ToolName): boolean {
    return this.#names === null || this.#names.has(keyOf(toolName));
  }

  send(message: Buffer | readonly Buffer[]): void {
    this.#call.send(message, this.#unread.add(sizeOf(message)));
  }

  /** What to wait for before sending more; undefined if there is room. */
  drained(): Promise<void> | undefined {
    return this.#unread.drained();
  }

  end(): void {
    this.#unread.end();
    this.#call.end();
  }

  reset(): void {
    this.#call.reset();
  }
}

/** Different for different tools; the default namespace has several names. */
function keyOf(toolName: ToolName): string {
  return JSON.stringify([toolNamespace(toolName), toolName.name]);
}
