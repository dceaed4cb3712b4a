import { CodeModeError, type ErrorCode } from '../../src/errors.ts';

/** Error texts of hosts, and the codes for them. */
const PHRASES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/already has an active observer/, 'cell_busy'],
  [/is already terminating/, 'cell_terminating'],
  [/is shutting down/, 'session_closed'],
  [/^unknown code-mode session/, 'session_unknown'],
  [/request cancelled/, 'cancelled'],
  [/^Cannot read a message|^invalid code-mode/, 'invalid_argument'],
  [/too many|IPC frame limit|max[A-Z]\w+\)/, 'limit_exceeded'],
  [/exhausted its cell ID space/, 'cell_ids_exhausted'],
];

/** The error of a failed request. If the host sends no code, its text decides. */
export function toError({ message, code }: { message: string; code?: string | undefined }): Error {
  const known = codeIn(message) ?? 'peer_failed';
  return new CodeModeError((code as ErrorCode | undefined) ?? known, message);
}

/** The code for the error text of a host; undefined for texts without one. */
export function codeIn(message: string): ErrorCode | undefined {
  return PHRASES.find(([phrase]) => phrase.test(message))?.[1];
}

/** The failure that an unchecked answer reports; null if it reports none. */
export function failureIn(answer: unknown): { message: string; code?: string } | null {
  const { status, message, code } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (status !== 'error' || typeof message !== 'string') return null;
  return typeof code === 'string' ? { message, code } : { message };
}

const STATE_LOST =
  'Cannot use this session: its host connection was lost, and its cells and stored values with it';

/** The error of all calls of a session after its connection was lost for this reason. */
export function stateLost(cause: Error): CodeModeError {
  return new CodeModeError('state_lost', STATE_LOST, { cause });
}

/** The error of everything that fails because the host is gone. */
export function connectionLost(error: Error | null): CodeModeError {
  const why = error === null ? '' : `: ${error.message}`;
  const options = error === null ? {} : { cause: error };
  return new CodeModeError('connection_lost', `code-mode host connection closed${why}`, options);
}
