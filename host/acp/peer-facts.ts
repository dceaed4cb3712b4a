import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import type { AcpVersion } from './folded-servers.ts';

/** What an agent says of itself when it is initialized. */
export interface AgentFacts {
  /** The version that both sides speak from now on. */
  readonly version: AcpVersion;
  /** Its name and version, for people. */
  readonly name: string;
  /** Whether it takes MCP servers over HTTP. */
  readonly takesHttp: boolean;
}

/** Of an agent that was not initialized yet. */
export const UNKNOWN_AGENT: AgentFacts = { version: 1, name: 'the agent', takesHttp: false };

/** Reads the result of `initialize`, whatever it is. */
export function agentFacts(result: unknown): AgentFacts {
  const answer = objectIn(result);
  const version = answer.protocolVersion === 2 ? 2 : 1;
  const { name, version: release } = objectIn(version === 2 ? answer.info : answer.agentInfo);
  const known = [name, release].filter((part) => typeof part === 'string');
  return {
    version,
    name: known.length === 0 ? UNKNOWN_AGENT.name : known.join(' '),
    takesHttp: version === 2 ? takesHttpV2(answer) : takesHttpV1(answer),
  };
}

/** The kinds of elicitation in the parameters of `initialize`. None is named for none. */
export function elicitationKinds(params: unknown): ReadonlySet<string> {
  const { clientCapabilities, capabilities } = objectIn(params);
  const { elicitation } = { ...objectIn(clientCapabilities), ...objectIn(capabilities) };
  const kinds = Object.entries(objectIn(elicitation)).filter(([, value]) => isJsonObject(value));
  return new Set(kinds.map(([kind]) => kind).filter((kind) => kind === 'form' || kind === 'url'));
}

function takesHttpV1({ agentCapabilities }: JsonObject): boolean {
  return objectIn(objectIn(agentCapabilities).mcpCapabilities).http === true;
}

function takesHttpV2({ capabilities }: JsonObject): boolean {
  const { http } = objectIn(objectIn(objectIn(capabilities).session).mcp);
  return http === true || isJsonObject(http);
}

function objectIn(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
