import { CodeModeError, type ErrorCode } from '../../../src/errors.ts';
import { codeIn } from '../../remote/peer-errors.ts';
import { Status, type StatusError } from '../status.ts';
import { ReportedError } from './call-ending.ts';

/** The error of a call that the host, or the way to it, has failed. The words of a host decide before the status. */
export function toCodeModeError(error: StatusError): CodeModeError {
  if (error.cause instanceof CodeModeError) return error.cause;
  const known = error instanceof ReportedError ? codeIn(error.message) : undefined;
  const code = known ?? codeOf(error.status);
  return new CodeModeError(code, error.message, { cause: error });
}

function codeOf(status: Status): ErrorCode {
  switch (status) {
    case Status.invalidArgument:
    case Status.alreadyExists:
      return 'invalid_argument';
    case Status.resourceExhausted:
    case Status.outOfRange:
      return 'limit_exceeded';
    case Status.unavailable:
      return 'connection_lost';
    case Status.cancelled:
      return 'cancelled';
    case Status.unimplemented:
      return 'unsupported';
  }
  return 'peer_failed';
}
