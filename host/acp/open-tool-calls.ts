import { hash } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';

/** Cards that are remembered at most; the oldest are forgotten first. */
const MAX_CALLS = 256;
/** How deep in the input of a card a source is looked for. */
const MAX_DEPTH = 3;
const OVER: ReadonlySet<unknown> = new Set(['completed', 'failed', 'cancelled']);

/** The agent's cards that are open, to tell which of them runs a program. */
export class OpenToolCalls {
  /** Digests of sources, by the ids of cards. */
  readonly #sources = new Map<string, string>();

  /** Takes an update of a card by the agent. */
  see({ toolCallId, status, rawInput }: JsonObject): void {
    if (typeof toolCallId !== 'string') return;
    const source = sourceIn(rawInput, MAX_DEPTH);
    if (OVER.has(status)) this.#sources.delete(toolCallId);
    else if (source !== undefined) this.#sources.set(toolCallId, digest(source));
    const [oldest] = this.#sources.keys();
    if (oldest !== undefined && this.#sources.size > MAX_CALLS) this.#sources.delete(oldest);
  }

  /** The one open card with this source; undefined if there is none, or more than one. */
  withSource(source: string): string | undefined {
    const wanted = digest(source);
    const ids = [...this.#sources].flatMap(([id, found]) => (found === wanted ? [id] : []));
    return ids.length === 1 ? ids[0] : undefined;
  }

  /** The turn is over, and all its cards with it. */
  clear(): void {
    this.#sources.clear();
  }
}

/** Agents put the arguments of a tool into different places of the input. */
function sourceIn(input: unknown, depth: number): string | undefined {
  if (!isJsonObject(input) || depth === 0) return undefined;
  if (typeof input.source === 'string') return input.source;
  for (const value of Object.values(input)) {
    const source = sourceIn(value, depth - 1);
    if (source !== undefined) return source;
  }
  return undefined;
}

function digest(source: string): string {
  return hash('sha256', source, 'base64url');
}
