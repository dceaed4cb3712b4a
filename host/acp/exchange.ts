import { isJsonObject } from '../../src/describe/json-object.ts';
import type { AcpSession } from './acp-session.ts';
import type { AgentEnd } from './agent-process.ts';
import { memberOf, type Span, stringAt } from './lines/json-spans.ts';
import { idText, type SeenLine, seeLine } from './lines/seen-line.ts';
import type { OwnRequests } from './own-requests.ts';
import { agentFacts, elicitationKinds } from './peer-facts.ts';
import type { SessionBook } from './session-book.ts';

/** Larger updates of cards are forwarded unseen, in bytes. */
const MAX_SEEN_BYTES = 1024 * 1024;
const INTERNAL_ERROR = -32603;
const OPENS = new Set(['session/new', 'session/load', 'session/resume', 'session/fork']);
const ENDS = new Set(['session/close', 'session/delete']);

type Request = Extract<SeenLine, { type: 'request' }>;
type Notification = Extract<SeenLine, { type: 'notification' }>;
type OnAnswer = (line: Buffer, result: Span | undefined) => void;

/** What an exchange needs. */
export interface ExchangeParts {
  readonly sessions: SessionBook;
  /** Our requests to the editor. */
  readonly requests: OwnRequests;
  /** Hears by what kinds of elicitation the editor can ask a person. */
  readonly onAsks: (kinds: ReadonlySet<string>) => void;
}

/**
 * The lines between an editor and an agent. Every line is forwarded as it is, except that requests
 * that open a session get our server, and answers to our own requests go no further.
 */
export class Exchange {
  readonly #sessions: SessionBook;
  readonly #requests: OwnRequests;
  readonly #onAsks: ExchangeParts['onAsks'];
  /** The editor's requests that are not answered, with what is done then. */
  readonly #open = new Map<string, OnAnswer>();
  #hasHeard = false;

  constructor({ sessions, requests, onAsks }: ExchangeParts) {
    this.#sessions = sessions;
    this.#requests = requests;
    this.#onAsks = onAsks;
  }

  /** Whether the agent has said anything. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  /** @returns What the agent gets; null for nothing. */
  fromEditor(line: Buffer): Buffer | null {
    const seen = seeLine(line);
    switch (seen.type) {
      case 'other':
        return line;
      case 'answer':
        if (!this.#requests.owns(seen.id)) return line;
        this.#requests.settle(seen.id, line, seen.result);
        return null;
      case 'notification':
        return this.#notified(seen, line);
      case 'request':
        return this.#requested(seen, line);
    }
  }

  /** @returns What the editor gets: the line itself. */
  fromAgent(line: Buffer): Buffer {
    this.#hasHeard = true;
    const seen = seeLine(line);
    if (seen.type === 'answer') {
      const onAnswer = this.#open.get(seen.id);
      this.#open.delete(seen.id);
      onAnswer?.(line, seen.result);
    } else if (seen.type === 'notification' && seen.method === 'session/update') {
      this.#updated(seen, line);
    }
    return line;
  }

  /** The answers to the requests that an agent left open when it ended. */
  answersOf({ exitCode, cause }: AgentEnd): readonly string[] {
    const error = { code: INTERNAL_ERROR, message: `The agent ${cause}`, data: { exitCode } };
    const ids = [...this.#open.keys()];
    this.#open.clear();
    return ids.map((id) => `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`);
  }

  #requested({ id, method, params }: Request, line: Buffer): Buffer {
    this.#open.set(id, NOTHING);
    if (params === undefined) return line;
    if (method === 'initialize') {
      this.#onAsks(elicitationKinds(parsed(line, params)));
      this.#open.set(id, (answer, result) => {
        if (result !== undefined) this.#sessions.agent = agentFacts(parsed(answer, result));
      });
    } else if (OPENS.has(method)) {
      const opening = this.#sessions.open(method, line, params);
      if (opening === undefined) return line;
      this.#open.set(id, (answer, result) => opening.answered(answer, result));
      return opening.line;
    } else if (ENDS.has(method)) {
      const sessionId = stringAt(line, memberOf(line, params, 'sessionId'));
      this.#open.set(id, (_, result) => {
        if (sessionId !== undefined && result !== undefined) this.#sessions.end(sessionId);
      });
    } else if (method === 'session/prompt') this.#prompted(id, this.#sessionIn(line, params));
    return line;
  }

  /** In version 1 a prompt lasts until its answer; in version 2 the agent tells. */
  #prompted(id: string, session: AcpSession | undefined): void {
    if (session === undefined || session.version === 2) return;
    session.openTurn(id);
    this.#open.set(id, () => session.closeTurn(id));
  }

  #notified({ method, params }: Notification, line: Buffer): Buffer | null {
    if (method === 'session/cancel') void this.#sessionIn(line, params)?.stop();
    if (method !== '$/cancel_request') return line;
    const span = memberOf(line, params, 'requestId');
    const id = span === undefined ? undefined : idText(line, span);
    if (id === undefined || !this.#requests.owns(id)) return line;
    this.#requests.withdraw(id);
    return null;
  }

  #updated({ params }: Notification, line: Buffer): void {
    const update = memberOf(line, params, 'update');
    const kind = stringAt(line, memberOf(line, update, 'sessionUpdate'));
    const isState = kind === 'state_update';
    if (!isState && kind !== 'tool_call' && kind !== 'tool_call_update') return;
    const session = this.#sessionIn(line, params);
    if (session === undefined || update === undefined) return;
    if (isState) {
      if (session.version !== 2) return;
      const state = stringAt(line, memberOf(line, update, 'state'));
      if (state === 'running') session.openTurn(STATE);
      else session.closeTurn(STATE);
    } else if (line.length <= MAX_SEEN_BYTES) {
      const value = parsed(line, update);
      if (isJsonObject(value)) session.toolCalls.see(value);
    }
  }

  #sessionIn(line: Buffer, params: Span | undefined): AcpSession | undefined {
    return this.#sessions.find(stringAt(line, memberOf(line, params, 'sessionId')));
  }
}

const NOTHING: OnAnswer = () => {};
/** What keeps a turn of version 2 open. */
const STATE = 'state';

/** Undefined for what is no JSON. */
function parsed(line: Buffer, { start, end }: Span): unknown {
  try {
    return JSON.parse(line.toString('utf8', start, end));
  } catch {
    return undefined;
  }
}
