import type { AcpSession } from './acp-session.ts';

/** A session that an agent can reach. */
export interface Offer {
  /** What goes into `mcpServers`. */
  readonly entry: object;
  /** The session cannot be reached by this entry any more, and who did is disconnected. Safe to call twice. */
  withdraw(): void;
}

/** A way for agents to reach our MCP server. */
export interface Mount extends AsyncDisposable {
  /** @param name What the agent calls the server. */
  offer(session: AcpSession, name: string): Offer;
  /** Ends all offers. Safe to call twice. */
  close(): Promise<void>;
}
