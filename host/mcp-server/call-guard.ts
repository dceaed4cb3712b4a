import type { ToolCall } from '../../src/delegate.ts';
import type { NestedTool } from '../mcp/nested-servers.ts';
import type { Ask } from '../mcp/tool-server.ts';
import { approve, askingAs } from './approval.ts';

/** The request of a client that started a cell, as far as it tells calls apart. */
export interface CallOrigin {
  /** What the client itself calls the request; undefined if it does not say. */
  readonly clientCallId: string | undefined;
  /** The source of the program; undefined for a call past any program. */
  readonly source: string | undefined;
}

/** A call of a tool of a nested server, before it is made. */
export interface GuardedCall {
  readonly call: ToolCall;
  readonly route: NestedTool;
  readonly origin: CallOrigin;
  /** Asks a person through the MCP client; undefined if that client cannot. */
  readonly ask: Ask | undefined;
}

/**
 * Decides whether a call is made, and sees its end.
 *
 * @param run Makes the call, and lets the server ask with `ask`. Called once at most.
 * @throws What the program is told: what `run` throws, or why the call is not made.
 */
export type CallGuard = (
  guarded: GuardedCall,
  signal: AbortSignal,
  run: (ask: Ask | undefined) => Promise<unknown>,
) => Promise<unknown>;

/** Asks a person through the MCP client where a policy demands it. */
export const askingClient: CallGuard = async ({ call, route, ask }, signal, run) => {
  if (route.rule.mustAsk) await approve(call, route, ask, signal);
  return await run(askingAs(route.server, ask));
};
