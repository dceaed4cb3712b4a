import assert from 'node:assert/strict';
import type { Drop } from '../../src/routing/drop-log.ts';
import { PendingRouter } from '../../src/routing/pending-router.ts';
import type { RouteError, RouteErrorKind } from '../../src/routing/route-errors.ts';
import type {
  Delivery,
  Registration,
  Reply,
  RoutedRequest,
  Sink,
} from '../../src/routing/routed-items.ts';
import type { RouterLimits } from '../../src/routing/router-limits.ts';
import type { RouteResult } from '../../src/routing/router-types.ts';

/** Traffic of plain words. */
export interface Words {
  readonly event: string;
  readonly request: string;
  readonly result: string;
}

/** What an item is sent with. */
export interface Posting {
  readonly token?: string | undefined;
  readonly bytes?: number | undefined;
  readonly controller?: AbortController | undefined;
}

/** A sink that records its items, and follows the test. */
export class Reader {
  /** `a` for an event, `?b` for a request, `gap 3: 1-4` for a gap. */
  readonly log: string[] = [];
  readonly seqs: number[] = [];
  readonly requests: RoutedRequest<Words>[] = [];
  registration: Registration<Words> | null = null;
  /** Called with each line after it was written. */
  onLine: (line: string, registration: Registration<Words>) => void = () => {};

  readonly sink: Sink<Words> = (delivery, registration) => {
    this.registration = registration;
    if (delivery.kind !== 'gap') this.seqs.push(delivery.seq);
    if (delivery.kind === 'request') this.requests.push(delivery);
    const line = lineOf(delivery);
    this.log.push(line);
    this.onLine(line, registration);
  };
}

/** A router of words, and everything that its sides see. */
export class WordRouter {
  readonly router: PendingRouter<Words>;
  readonly drops: Drop<Words>[] = [];
  /** Each answer that went out, by request. */
  readonly replies = new Map<string, Reply<Words>[]>();
  /** Called with each request as it is answered. */
  onReply: (word: string) => void = () => {};
  onDrop: (drop: Drop<Words>) => void = () => {};

  constructor(limits: Partial<RouterLimits> = {}, sessionId?: string) {
    this.router = new PendingRouter<Words>({
      limits,
      sessionId,
      onDrop: (drop) => {
        this.drops.push(drop);
        this.onDrop(drop);
      },
    });
  }

  event(id: string, message: string, { token, bytes }: Posting = {}): RouteResult {
    return this.router.route(id, { kind: 'event', message, bytes }, token);
  }

  request(id: string, message: string, posting: Posting = {}): RouteResult {
    const { token, bytes, controller } = posting;
    const reply = (answer: Reply<Words>) => {
      this.replies.set(message, [...(this.replies.get(message) ?? []), answer]);
      this.onReply(message);
    };
    return this.router.route(id, { kind: 'request', message, bytes, controller, reply }, token);
  }

  /** Routes words; those that begin with `?` are requests. */
  send(id: string, ...words: readonly string[]): readonly RouteResult[] {
    return words.map((word) =>
      word.startsWith('?') ? this.request(id, word.slice(1)) : this.event(id, word),
    );
  }

  /** Registers an id and returns who reads it. */
  reader(id: string): Reader {
    const reader = new Reader();
    reader.registration = this.router.register(id, reader.sink);
    return reader;
  }

  /** The one error a request was answered with. */
  errorOf(word: string): RouteError {
    const replies = this.replies.get(word) ?? [];
    assert.equal(replies.length, 1, `${word} has ${replies.length} answers`);
    const [reply] = replies;
    assert.ok(reply !== undefined && 'error' in reply, `${word} did not fail`);
    return reply.error as RouteError;
  }

  /** The kind of the one error a request was answered with. */
  kindOf(word: string): RouteErrorKind {
    return this.errorOf(word).data.kind;
  }

  /** What was dropped, as `cause word`. */
  get dropped(): readonly string[] {
    return this.drops.map(({ cause, item }) => `${cause} ${lineOf(item)}`);
  }

  /** Each item is somewhere, once. */
  assertNothingLost(): void {
    const { received, delivered, servedEarly, parked, dropped } = this.router.stats;
    const gone = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    assert.equal(received, delivered + servedEarly + parked + gone);
    assert.equal(this.drops.filter(({ item }) => item.kind !== 'gap').length, gone);
  }
}

/** Words `e1`, `e2` … */
export function words(count: number, prefix = 'e'): readonly string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n + 1}`);
}

/** A delivery in a word or two. */
export function lineOf(delivery: Delivery<Words>): string {
  switch (delivery.kind) {
    case 'event':
      return delivery.message;
    case 'request':
      return `?${delivery.message}`;
    case 'gap':
      return `gap ${delivery.n}: ${delivery.firstSeq}-${delivery.lastSeq}`;
  }
}
