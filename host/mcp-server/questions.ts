import { randomUUID } from 'node:crypto';
import type { Ask, Question } from '../mcp/tool-server.ts';

/** What a person said to one question. */
export type Decision = Awaited<ReturnType<Ask>>;

/** All questions of a cell that are open, as they are put to a client together. */
export interface QuestionRound {
  /** Names this round; only an answer with the name of the latest round counts, and only once. */
  readonly nonce: string;
  readonly questions: ReadonlyMap<string, Question>;
}

interface OpenQuestion {
  readonly question: Question;
  readonly resolve: (decision: Decision) => void;
}

/** The open questions of one cell. They are put to a client in rounds. */
export class Questions {
  readonly #open = new Map<string, OpenQuestion>();
  #last = 0;
  #nonce: string | null = null;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Opens a question. When `signal` aborts it is gone, and the promise rejects with its reason. */
  ask(question: Question, signal: AbortSignal): Promise<Decision> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Decision>();
    this.#last += 1;
    const key = `q${this.#last}`;
    this.#open.set(key, { question, resolve });
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    return promise.finally(() => {
      signal.removeEventListener('abort', onAbort);
      this.#open.delete(key);
    });
  }

  /** Begins a round with every open question. The rounds before it count no longer. */
  round(): QuestionRound {
    const nonce = randomUUID();
    this.#nonce = nonce;
    const questions = [...this.#open].map(([key, { question }]) => [key, question] as const);
    return { nonce, questions: new Map(questions) };
  }

  /**
   * Takes the answers of a round. A question without an answer that can be read stays open.
   *
   * @returns False if the round is not the latest, or was answered before: then nothing is taken.
   */
  answer(nonce: string, answers: Readonly<Record<string, unknown>>): boolean {
    if (this.#nonce === null || this.#nonce !== nonce) return false;
    this.#nonce = null;
    for (const [key, { resolve }] of [...this.#open]) {
      const decision = Object.hasOwn(answers, key) ? decisionOf(answers[key]) : null;
      if (decision === null) continue;
      this.#open.delete(key);
      resolve(decision);
    }
    return true;
  }
}

/** What a client answered to a question; null for what is no answer. */
export function decisionOf(value: unknown): Decision | null {
  if (typeof value !== 'object' || value === null) return null;
  const { action, content } = value as { readonly action?: unknown; readonly content?: unknown };
  if (action === 'decline' || action === 'cancel') return { action };
  if (action !== 'accept') return null;
  const isContent = typeof content === 'object' && content !== null && !Array.isArray(content);
  return { action, ...(isContent && { content: content as NonNullable<Decision['content']> }) };
}
