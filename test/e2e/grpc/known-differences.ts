const V8 = 'the words of V8 about JSON are not those of serde';

/** The questions that our host answers differently, and why; `docs/oracle.md` lists them. */
export const KNOWN: ReadonlyMap<string, string> = new Map([
  ['execute with a schema that is no JSON', V8],
  ['an answer that is no JSON', V8],
  [
    'closing a session with everything open',
    'executions are told that their cell was terminated, with its output',
  ],
]);
