import type { JsonObject } from '../../../src/describe/json-object.ts';
import { isJsonObject } from '../../../src/describe/json-object.ts';

/** A running client that reads and writes lines of JSON. */
export interface SteeredClient {
  readonly messages: AsyncIterable<JsonObject>;
  send(message: JsonObject): void;
  /** Ends its standard input. */
  end(): void;
}

/** What happens outside of a client. */
export interface SteeringTerms {
  readonly work: string;
  readonly prompt: string;
  /** Resolves when the turn must be interrupted. */
  readonly interruption: Promise<void>;
}

/**
 * Plays the person at a client: starts a turn, decides what is asked, interrupts the turn when told
 * to, and starts a second one. Resolves when the second is over.
 */
export type Steer = (client: SteeredClient, terms: SteeringTerms) => Promise<void>;

/** Claude Code on streams of JSON. Its questions are answered by a hook. */
export const steerClaude: Steer = async (client, { prompt, interruption }) => {
  const say = () => {
    const content = [{ type: 'text', text: prompt }];
    client.send({ type: 'user', message: { role: 'user', content } });
  };
  void interruption.then(() => {
    const request = { subtype: 'interrupt' };
    client.send({ type: 'control_request', request_id: 'interrupt', request });
  });
  say();
  let turns = 0;
  for await (const { type } of client.messages) {
    if (type !== 'result') continue;
    turns += 1;
    if (turns === 2) break;
    say();
  }
  client.end();
};

/** The app server of the Codex CLI. */
export const steerCodex: Steer = async (client, { work, prompt, interruption }) => {
  const request = (id: string, method: string, params: JsonObject) => {
    client.send({ id, method, params });
  };
  let threadId = '';
  let turnId = '';
  let turns = 0;
  const startTurn = () =>
    request('turn', 'turn/start', { threadId, input: [{ type: 'text', text: prompt }] });
  void interruption.then(() => request('interrupt', 'turn/interrupt', { threadId, turnId }));
  request('start', 'initialize', { clientInfo: { name: 'script', title: null, version: '1' } });
  for await (const { id, method, params, result } of client.messages) {
    const answer = isJsonObject(result) ? result : {};
    if (method === undefined && id === 'start') {
      client.send({ method: 'initialized' });
      request('thread', 'thread/start', { cwd: work });
    } else if (method === undefined && id === 'thread') {
      threadId = idOf(answer.thread);
      startTurn();
    } else if (method === undefined && id === 'turn') turnId = idOf(answer.turn);
    else if (method === 'mcpServer/elicitation/request') {
      const isRefused = isJsonObject(params) && String(params.message).includes('"refused"');
      const content = { decision: isRefused ? 'deny' : 'allow' };
      client.send({ id, result: { action: 'accept', content, _meta: null } });
    } else if (method === 'turn/completed') {
      turns += 1;
      if (turns === 2) break;
      startTurn();
    }
  }
  client.end();
};

function idOf(value: unknown): string {
  return isJsonObject(value) ? String(value.id) : '';
}
