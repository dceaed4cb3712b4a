import {
  CLIENT_CAPABILITIES_META_KEY,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import type { ProgressReport } from '../mcp/tool-server.ts';
import type { Caller, QuestionKind } from './live-cell.ts';
import { Progress } from './progress.ts';

/** A request as its cell sees it. Disposed when the request is answered: no progress follows. */
export type RequestCaller = Caller & Disposable;

/** What is known of a request besides what it says. */
export interface RequestTerms {
  /** Cancels it. */
  readonly signal: AbortSignal;
  /** Whether it lasts over all rounds of questions. */
  readonly spansRounds: boolean;
  /** Whether we tell of progress ourselves. */
  readonly tellsProgress: boolean;
}

/** What a request allows: to be cancelled, to be told of progress, to ask. */
export function callerOf(
  server: Server,
  { mcpReq }: ServerContext,
  { signal, spansRounds, tellsProgress }: RequestTerms,
): RequestCaller {
  const progressToken = mcpReq._meta?.progressToken;
  const progress =
    progressToken === undefined || !tellsProgress
      ? undefined
      : new Progress((progress, message) => {
          const params = { progressToken, progress, message };
          // A client that has gone needs no progress.
          void mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
        });
  return {
    signal,
    spansRounds,
    progress,
    asks: questionKinds(elicitationOf(server, mcpReq)),
    clientCallId: clientCallId(mcpReq._meta),
    [Symbol.dispose]: () => progress?.[Symbol.dispose](),
  };
}

/** Passes progress of a nested server on; undefined if the client did not ask for any. */
export function progressTo({ mcpReq }: ServerContext) {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return (report: ProgressReport) => {
    const params = { ...report, progressToken };
    void mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  };
}

/** Codex and Claude Code say by what id people see the call; each has a field of its own. */
function clientCallId(meta: JsonObject | undefined): string | undefined {
  const id = meta?.callId ?? meta?.['claudecode/toolUseId'];
  return typeof id === 'string' ? id : undefined;
}

/** Modern clients say what they can in each request, older ones once. */
function elicitationOf(server: Server, { envelope }: ServerContext['mcpReq']): unknown {
  const declared = (envelope as JsonObject | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
  if (isJsonObject(declared)) return declared.elicitation;
  return server.getClientCapabilities()?.elicitation;
}

/** A client that names no kind of question means forms. */
function questionKinds(elicitation: unknown): ReadonlySet<QuestionKind> {
  if (!isJsonObject(elicitation)) return new Set();
  const { form, url } = elicitation;
  const kinds = [...(form || !url ? ['form' as const] : []), ...(url ? ['url' as const] : [])];
  return new Set(kinds);
}
