/** Where the value of a large message begins that makes it large, as far as its beginning tells. */
export interface LargeValue {
  /** The result of a tool, or what a request asks for. */
  readonly name: 'result' | 'request';
  readonly start: number;
}

/** The value has to begin within so many bytes. */
const MAX_HEAD_BYTES = 1_024;
const TOKEN = /[ \t\n\r]*(?:([{}:,])|("(?:[^"\\]|\\.)*")|([^ \t\n\r{}[\],:"]+))/y;
const SPACES = /[ \t\n\r]*/y;

/** The keys on the way to the result of a tool. */
const WAY_TO_RESULT = '"result" "value" "result"';
const WAY_TO_REQUEST = '"request"';

/** Finds the large value of a message by the keys before it; null if there is none. */
export function placeOfLargeValue(body: Buffer): LargeValue | null {
  const head = body.toString('latin1', 0, MAX_HEAD_BYTES);
  const keys: string[] = [];
  let isKey = false;
  for (let at = 0; ; ) {
    const [all, mark, key] = tokenAt(head, at);
    if (all === undefined) return null;
    at += all.length;
    if (key !== undefined && isKey) keys.push(key);
    isKey = mark === '{' || mark === ',';
    if (mark === '}' || mark === ',') keys.pop();
    if (mark !== ':') continue;
    const start = at + spacesAt(head, at);
    const way = keys.join(' ');
    if (way === WAY_TO_RESULT) return { name: 'result', start };
    if (way === WAY_TO_REQUEST) return { name: 'request', start };
  }
}

function tokenAt(head: string, at: number): readonly (string | undefined)[] {
  TOKEN.lastIndex = at;
  return TOKEN.exec(head) ?? [];
}

function spacesAt(head: string, at: number): number {
  SPACES.lastIndex = at;
  return SPACES.exec(head)?.[0].length ?? 0;
}
