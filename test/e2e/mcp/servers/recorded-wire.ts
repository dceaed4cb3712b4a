import { readFile } from 'node:fs/promises';
import { isJsonObject, type JsonObject } from '../../../../src/describe/json-object.ts';

/** What is known of a client from what went over its connection. */
export interface WireFacts {
  /** The revision of the protocol; `unknown` if nothing named it. */
  readonly revision: string;
  readonly asksWith: 'input_required' | 'pushed elicitation' | 'nothing';
  /** How it ended the server, in order. */
  readonly endings: readonly string[];
}

const REVISION_META = 'io.modelcontextprotocol/protocolVersion';

/** Reads a file that `recording-server.js` wrote. */
export async function readWire(file: string): Promise<WireFacts> {
  const content = await readFile(file, 'utf8').catch(() => '');
  const lines = content.split('\n').filter((line) => line !== '');
  return wireFacts(lines.map((line) => JSON.parse(line) as JsonObject));
}

/** What the notes of one connection tell. Of several connections the last one counts. */
export function wireFacts(notes: readonly JsonObject[]): WireFacts {
  let revision = 'unknown';
  let asksWith: WireFacts['asksWith'] = 'nothing';
  const endings: string[] = [];
  for (const { client, server, signal, ended } of notes) {
    revision = revisionIn(client, server) ?? revision;
    if (isJsonObject(server)) asksWith = questionIn(server) ?? asksWith;
    if (typeof signal === 'string') endings.push(signal);
    if (ended === true) endings.push('EOF');
  }
  return { revision, asksWith, endings: [...new Set(endings)] };
}

function revisionIn(client: unknown, server: unknown): string | undefined {
  if (isJsonObject(server) && isJsonObject(server.result)) {
    const { protocolVersion } = server.result;
    if (typeof protocolVersion === 'string') return protocolVersion;
  }
  if (!isJsonObject(client) || !isJsonObject(client.params)) return undefined;
  const { _meta: meta } = client.params;
  const named = isJsonObject(meta) ? meta[REVISION_META] : undefined;
  return typeof named === 'string' ? named : undefined;
}

function questionIn({ method, result }: JsonObject): WireFacts['asksWith'] | undefined {
  if (method === 'elicitation/create') return 'pushed elicitation';
  const isAsked = isJsonObject(result) && result.resultType === 'input_required';
  return isAsked ? 'input_required' : undefined;
}
