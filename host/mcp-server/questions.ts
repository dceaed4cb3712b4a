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

const NAME = /^[\w.-]{1,64}$/;

interface OpenQuestion {
  readonly question: Question;
  readonly resolve: (decision: Decision) => void;
}

/** The latest round, as long as it was not answered. */
interface Round {
  readonly nonce: string;
  readonly questions: ReadonlyMap<string, OpenQuestion>;
}

/** The open questions of one cell. They are put to a client in rounds. */
export class Questions {
  readonly #open = new Map<string, OpenQuestion>();
  #last = 0;
  #round: Round | null = null;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a question. When `signal` aborts it is gone, and the promise rejects with its reason.
   *
   * @param name What clients know it by, if it is a short word and no open question has it. Default: a number.
   */
  ask(question: Question, signal: AbortSignal, name?: string): Promise<Decision> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Decision>();
    const isFree = name !== undefined && NAME.test(name) && !this.#open.has(name);
    const key = isFree ? name : this.#nextKey();
    const opened = { question, resolve };
    this.#open.set(key, opened);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    return promise.finally(() => {
      signal.removeEventListener('abort', onAbort);
      if (this.#open.get(key) === opened) this.#open.delete(key);
    });
  }

  /** Begins a round with every open question. The rounds before it count no longer. */
  round(): QuestionRound {
    const nonce = randomUUID();
    this.#round = { nonce, questions: new Map(this.#open) };
    const questions = [...this.#open].map(([key, { question }]) => [key, question] as const);
    return { nonce, questions: new Map(questions) };
  }

  /**
   * Takes the answers of a round. A question without an answer that can be read stays open.
   *
   * @returns False if the round is not the latest, or was answered before: then nothing is taken.
   */
  answer(nonce: string, answers: Readonly<Record<string, unknown>>): boolean {
    if (this.#round === null || this.#round.nonce !== nonce) return false;
    const { questions } = this.#round;
    this.#round = null;
    for (const [key, asked] of questions) {
      const decision = Object.hasOwn(answers, key) ? decisionOf(answers[key]) : null;
      // A question that was opened since may have the name of one that is gone.
      if (decision === null || this.#open.get(key) !== asked) continue;
      this.#open.delete(key);
      asked.resolve(decision);
    }
    return true;
  }

  #nextKey(): string {
    do this.#last += 1;
    while (this.#open.has(`q${this.#last}`));
    return `q${this.#last}`;
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
