import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import type { McpConfigWithPolicies, McpServerConfig } from '../mcp/mcp-config.ts';
import type { AcpLog } from './acp-log.ts';
import { AcpSession, type EditorLink } from './acp-session.ts';
import { type FoldedServers, foldServers, idlePolicies } from './folded-servers.ts';
import { memberOf, type Span, stringAt } from './lines/json-spans.ts';
import { rewrittenServers } from './lines/rewritten-servers.ts';
import type { Mount, Offer } from './mount.ts';
import { type AgentFacts, UNKNOWN_AGENT } from './peer-facts.ts';

/** Entries by which a session can be reached at a time; the oldest end first. */
const MAX_OFFERS = 8;

/** What all sessions have in common. */
export interface SessionTerms {
  /** The servers that programs of every session reach, and the policies for those of the editor. */
  readonly config: McpConfigWithPolicies;
  /** Names of the editor's servers that stay with the agent; `*` for all. */
  readonly keep: ReadonlySet<string>;
  /** What our server should be called at the agent. */
  readonly ownName: string;
  readonly editor: EditorLink;
  readonly openSandbox: () => Promise<Sandbox>;
  /** Which globals programs of all sessions have. */
  readonly globals: GuestGlobals;
  /** Chooses how an agent reaches us. */
  readonly mountFor: (agent: AgentFacts) => Mount;
  readonly log: AcpLog;
}

/** A request that opens a session, which the agent has not answered. */
export interface Opening {
  /** The request as the agent gets it. */
  readonly line: Buffer;
  /** The agent has answered: with a result, or an error. */
  answered(line: Buffer, result: Span | undefined): void;
}

interface Entry {
  readonly session: AcpSession;
  readonly offers: Offer[];
}

interface OpenRequest {
  readonly params: JsonObject;
  /** The session that the editor names; undefined for a new one. */
  readonly sessionId: string | undefined;
  readonly living: Entry | undefined;
}

/** The sessions of one connection, by the ids that the agent gave them. */
export class SessionBook {
  /** What the agent said of itself. */
  agent: AgentFacts = UNKNOWN_AGENT;
  readonly #terms: SessionTerms;
  readonly #entries = new Map<string, Entry>();
  readonly #opening = new Set<Entry>();
  readonly #closing = new Set<Promise<void>>();
  readonly #told = new Set<string>();

  constructor(terms: SessionTerms) {
    this.#terms = terms;
  }

  /** A session by its id. */
  find(id: string | undefined): AcpSession | undefined {
    return id === undefined ? undefined : this.#entries.get(id)?.session;
  }

  /**
   * Prepares a session for a request: makes it reachable, and starts its servers.
   *
   * @returns Undefined for a request that cannot be read or changed: it is the agent's to refuse.
   */
  open(method: string, line: Buffer, paramsSpan: Span): Opening | undefined {
    const request = this.#read(method, line);
    if (request === undefined) return undefined;
    const { version } = this.agent;
    const folded = this.#fold(request);
    const entry = request.living ?? { session: this.#newSession(request, folded), offers: [] };
    const { session, offers } = entry;
    const offer = this.#terms.mountFor(this.agent).offer(session, folded.ownName);
    const changed = rewrittenServers(line, paramsSpan, { kept: folded.kept, added: offer.entry });
    if (changed === undefined || session.version !== version) {
      offer.withdraw();
      if (request.living === undefined) this.#close(entry);
      return undefined;
    }
    for (const text of folded.warnings) this.#terms.log.warn({}, text);
    offers.push(offer);
    if (offers.length > MAX_OFFERS) offers.shift()?.withdraw();
    if (request.living === undefined) {
      this.#opening.add(entry);
      this.#tellIdlePolicies(folded);
    }
    session.start();
    return {
      line: changed,
      answered: (answer, result) => this.#answered(request, { entry, offer }, answer, result),
    };
  }

  /** Ends a session. */
  end(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#close(entry);
  }

  /** Ends all sessions. Resolves when nothing is left of them. Safe to call twice. */
  async close(): Promise<void> {
    for (const entry of [...this.#entries.values(), ...this.#opening]) this.#close(entry);
    this.#entries.clear();
    this.#opening.clear();
    await Promise.all(this.#closing);
  }

  #read(method: string, line: Buffer): OpenRequest | undefined {
    const params = paramsIn(line);
    if (params === undefined) return undefined;
    const isNew = method === 'session/new' || method === 'session/fork';
    const sessionId = isNew || typeof params.sessionId !== 'string' ? undefined : params.sessionId;
    const living = sessionId === undefined ? undefined : this.#entries.get(sessionId);
    return { params, sessionId, living };
  }

  #fold({ params, living }: OpenRequest): FoldedServers {
    const { config, keep, ownName } = this.#terms;
    const { cwd, mcpServers } = params;
    return foldServers(Array.isArray(mcpServers) ? mcpServers : [], {
      version: this.agent.version,
      ownName,
      keep,
      taken: Object.keys(config.mcpServers),
      cwd: typeof cwd === 'string' ? cwd : undefined,
      policies: config.policies,
      // Programs of a session reach what they reached from its start; what is new is the agent's.
      mayFold: (name, server) =>
        living === undefined || isDeepStrictEqual(living.session.servers[name], server),
    });
  }

  /** Says each thing once, however many sessions there are. */
  #tellIdlePolicies({ folded }: FoldedServers): void {
    for (const text of idlePolicies(this.#terms.config.policies, folded)) {
      if (this.#told.has(text)) continue;
      this.#told.add(text);
      this.#terms.log.warn({}, text);
    }
  }

  #newSession({ params: { cwd } }: OpenRequest, { folded }: FoldedServers): AcpSession {
    const { config, editor, openSandbox, globals, log } = this.#terms;
    const own = Object.entries(config.mcpServers).map(([name, server]) => {
      return [name, typeof cwd === 'string' ? startedIn(cwd, server) : server] as const;
    });
    return new AcpSession({
      config: { mcpServers: { ...Object.fromEntries(own), ...folded } },
      version: this.agent.version,
      editor,
      openSandbox,
      globals,
      onMessage: (text) => log.info({}, text),
      onUnused: () => log.warn({ agent: this.agent.name }, neverStarted(this.agent.name)),
    });
  }

  #answered(
    { sessionId, living }: OpenRequest,
    { entry, offer }: { readonly entry: Entry; readonly offer: Offer },
    answer: Buffer,
    result: Span | undefined,
  ): void {
    this.#opening.delete(entry);
    const id = sessionId ?? stringAt(answer, memberOf(answer, result, 'sessionId'));
    if (result !== undefined && id !== undefined) {
      entry.session.named(id);
      if (this.#entries.get(id) !== entry) this.end(id);
      this.#entries.set(id, entry);
      return;
    }
    offer.withdraw();
    if (living === undefined) this.#close(entry);
  }

  #close({ session, offers }: Entry): void {
    for (const offer of offers) offer.withdraw();
    const closing = session.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function paramsIn(line: Buffer): JsonObject | undefined {
  try {
    const request: unknown = JSON.parse(line.toString('utf8'));
    const params = isJsonObject(request) ? request.params : undefined;
    return isJsonObject(params) ? params : undefined;
  } catch {
    return undefined;
  }
}

function startedIn(cwd: string, server: McpServerConfig): McpServerConfig {
  return 'command' in server ? { cwd, ...server } : server;
}

function neverStarted(agent: string): string {
  return `${agent} did not start the MCP server of cellhost within 30 s of a prompt: programs cannot run. If it takes servers in another way, choose it with --transport`;
}
