import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../../src/describe/json-object.ts';
import { Cancelled, CodeModeError, messageOf } from '../../src/errors.ts';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import { startTimer } from '../../src/waiting/timer.ts';
import type { McpConfig } from '../mcp/mcp-config.ts';
import type { NestedTool } from '../mcp/nested-servers.ts';
import type { Ask } from '../mcp/tool-server.ts';
import type { CallGuard, GuardedCall } from '../mcp-server/call-guard.ts';
import { FaceSession } from '../mcp-server/face-session.ts';
import { LazyBackend } from '../mcp-server/lazy-backend.ts';
import { decisionOf } from '../mcp-server/questions.ts';
import { type Card, endWith, permissionFor, permissionIn, titleOf } from './editor-messages.ts';
import type { AcpVersion } from './folded-servers.ts';
import { OpenToolCalls } from './open-tool-calls.ts';
import type { OwnRequests } from './own-requests.ts';
import { TurnBoard } from './turn-board.ts';

/** How long an agent may take to start our server once it is prompted, in milliseconds. */
const START_PATIENCE_MS = 30_000;
const NO_ARGUMENTS = '{}';

/** A client of a session, or what makes servers for it. */
export interface ConnectedClient {
  toolsChanged(): void;
  serversChanged(): void;
}

/** The editor, as sessions reach it. */
export interface EditorLink {
  readonly requests: OwnRequests;
  /** The kinds of questions of tool servers that it can put to a person. */
  readonly asks: ReadonlySet<string>;
  /** Sends a notification. */
  notify(method: string, params: object): void;
  /** Resolves when it has read most of what was sent. @throws The signal's reason. */
  room(signal: AbortSignal): Promise<void>;
}

/** What a session is made of. */
export interface AcpSessionOptions {
  /** The servers that programs reach. */
  readonly config: McpConfig;
  readonly version: AcpVersion;
  readonly editor: EditorLink;
  readonly openSandbox: () => Promise<Sandbox>;
  /** Which globals programs have. */
  readonly globals: GuestGlobals;
  /** Hears what people should know of its servers. */
  readonly onMessage: (text: string) => void;
  /** Called once if the agent was prompted and did not start our server. */
  readonly onUnused: () => void;
}

/** One session of an editor and an agent, with its programs and the servers they reach. */
export class AcpSession implements AsyncDisposable {
  readonly face: FaceSession;
  readonly version: AcpVersion;
  /** The agent's cards. */
  readonly toolCalls = new OpenToolCalls();
  readonly #options: AcpSessionOptions;
  readonly #backend: LazyBackend;
  readonly #board: TurnBoard;
  readonly #clients = new Set<ConnectedClient>();
  readonly #allowed = new Set<string>();
  readonly #prompts = new Set<string>();
  readonly #idPrefix = `cellhost-${randomBytes(8).toString('hex')}`;
  #questions = new AbortController();
  #cards = 0;
  #id: string | undefined;
  #isUsed = false;
  #isClosed = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: AcpSessionOptions) {
    const { config, version, openSandbox, globals, onMessage } = options;
    this.#options = options;
    this.version = version;
    const guard: CallGuard = (...guarded) => this.#guard(...guarded);
    this.#backend = new LazyBackend({ config, openSandbox, globals, guard, onMessage });
    this.#backend.onToolsChanged = () => {
      for (const client of this.#clients) client.toolsChanged();
    };
    this.#backend.onServersChanged = () => {
      for (const client of this.#clients) client.serversChanged();
    };
    this.face = new FaceSession('acp', this.#backend, (cellId) => cellId);
    this.#board = new TurnBoard(
      version,
      () => this.#newId(),
      (update) => this.#show(update),
    );
  }

  /** The servers that programs reach, by name. */
  get servers(): McpConfig['mcpServers'] {
    return this.#options.config.mcpServers;
  }

  /** The id that the agent gave it; undefined until it has. */
  get id(): string | undefined {
    return this.#id;
  }

  /** The agent has answered: this is what it calls the session. */
  named(id: string): void {
    this.#id = id;
  }

  /** Starts its servers and whatever programs need, beside everything else. */
  start(): void {
    // What is wrong with programs is told to the first of them.
    setImmediate(() => void this.#tellProblems().catch(() => {}));
  }

  /** The agent uses our server. @returns The client is gone. */
  connected(client: ConnectedClient): () => void {
    this.#isUsed = true;
    clearTimeout(this.#patience);
    this.#clients.add(client);
    return () => void this.#clients.delete(client);
  }

  /** The agent begins to work. @param prompt Names what it works on: it may be several prompts. */
  openTurn(prompt: string): void {
    if (this.#id === undefined) return;
    this.#prompts.add(prompt);
    if (this.#board.isOpen) return;
    this.#board.open();
    if (!this.#isUsed) this.#patience = startTimer(() => this.#warn(), START_PATIENCE_MS);
  }

  /** The agent is done with a prompt. */
  closeTurn(prompt: string): void {
    if (!this.#prompts.delete(prompt) || this.#prompts.size > 0) return;
    clearTimeout(this.#patience);
    this.#board.close();
    this.toolCalls.clear();
  }

  /** A person stops everything: open questions are over, and all programs end. */
  async stop(): Promise<void> {
    this.#questions.abort(new Cancelled('terminate'));
    this.#questions = new AbortController();
    await this.face.terminateCells();
  }

  /** Ends programs and servers. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#patience);
    this.#questions.abort(new Cancelled('shutdown'));
    await this.face.close();
    await this.#backend.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #guard(
    guarded: GuardedCall,
    signal: AbortSignal,
    run: (ask: Ask | undefined) => Promise<unknown>,
  ): Promise<unknown> {
    const { call, route } = guarded;
    if (this.#board.isOpen) await this.#options.editor.room(signal);
    const card = this.#cardOf(guarded);
    const mustAsk = route.rule.mustAsk && !this.#allowed.has(call.tool);
    this.#board.begin(card, mustAsk ? 'pending' : 'in_progress');
    try {
      if (mustAsk) await this.#allow(card, call.tool, signal);
      const result = await run((...question) => this.#ask(route, card, ...question));
      this.#board.end(card, endWith(result));
      return result;
    } catch (error) {
      const text = messageOf(error);
      this.#board.end(card, { status: signal.aborted ? 'cancelled' : 'failed', text });
      throw error;
    }
  }

  #cardOf({ call, route, origin }: GuardedCall): Card {
    const { clientCallId, source } = origin;
    const parentId =
      clientCallId ?? (source === undefined ? undefined : this.toolCalls.withSource(source));
    return {
      id: this.#newId(),
      title: titleOf(route),
      kind: route.tool.annotations?.readOnlyHint === true ? 'read' : 'other',
      inputJson: call.inputJson ?? NO_ARGUMENTS,
      cellId: call.cellId,
      parentId,
    };
  }

  /** @throws `tool_server_failed` unless a person allows the call. */
  async #allow(card: Card, tool: string, signal: AbortSignal): Promise<void> {
    const params = () => permissionFor(this.version, this.#id!, card);
    const decision = await this.#put('session/request_permission', params, signal).then(
      permissionIn,
      (error: unknown) => {
        signal.throwIfAborted();
        throw denied(tool, `nobody decided: ${messageOf(error)}`);
      },
    );
    if (decision === 'reject_once') throw denied(tool, 'it was refused');
    if (decision === 'allow_always') this.#allowed.add(tool);
    this.#board.allow(card);
  }

  /** Puts a question of a server to a person. */
  async #ask(
    { server }: NestedTool,
    card: Card,
    ...[question, signal]: Parameters<Ask>
  ): ReturnType<Ask> {
    const mode = question.mode ?? 'form';
    if (!this.#options.editor.asks.has(mode)) return { action: 'decline' };
    const message = `Tool server "${server.name}" asks: ${question.message}`;
    const { _meta: _, task: __, ...asked } = question as JsonObject;
    const params = () => ({ ...asked, mode, message, sessionId: this.#id, toolCallId: card.id });
    try {
      return decisionOf(await this.#put('elicitation/create', params, signal)) ?? DECLINED;
    } catch {
      signal.throwIfAborted();
      return { action: 'cancel' };
    }
  }

  /** Sends a request as soon as a turn is open. @throws As `OwnRequests.ask`. */
  async #put(method: string, params: () => object, signal: AbortSignal): Promise<unknown> {
    const controller = new AbortController();
    const stops = [signal, this.#questions.signal];
    const unlink = stops.map((one) => onAbort(one, () => controller.abort(one.reason)));
    try {
      await this.#board.whenOpen(controller.signal);
      return await this.#options.editor.requests.ask(method, params(), controller.signal);
    } finally {
      for (const remove of unlink) remove();
    }
  }

  /** Says which servers are missing when all have started or failed. */
  async #tellProblems(): Promise<void> {
    const backend = await this.#backend.load();
    await backend.nested.settled();
    if (this.#isClosed) return;
    for (const problem of backend.problems) this.#options.onMessage(problem);
  }

  #warn(): void {
    // Once is enough.
    this.#isUsed = true;
    this.#options.onUnused();
  }

  #show(update: object): void {
    this.#options.editor.notify('session/update', { sessionId: this.#id, update });
  }

  #newId(): string {
    this.#cards += 1;
    return `${this.#idPrefix}-${this.#cards}`;
  }
}

const DECLINED = { action: 'decline' } as const;

function denied(tool: string, why: string): CodeModeError {
  return new CodeModeError('tool_server_failed', `Cannot call ${tool}: ${why}`);
}
