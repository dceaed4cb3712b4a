import { constants } from 'node:http2';
import { decodeStatusText, readStatus, Status, StatusError } from '../status.ts';

/** Headers of an answer. */
export interface AnswerHeaders {
  readonly [name: string]: string | string[] | number | undefined;
}

/** A failure that the host itself has reported, in its words. */
export class ReportedError extends StatusError {
  override readonly name: string = 'ReportedError';
}

/** What is known of a stream when it has closed. */
export interface ClosedStream {
  /** The first headers of the answer; null if none arrived. */
  readonly headers: AnswerHeaders | null;
  /** The headers after the messages; null if none arrived. */
  readonly trailers: AnswerHeaders | null;
  /** The code of the reset that ended it. */
  readonly resetCode: number | undefined;
  /** Why the connection ended; null while it is open. */
  readonly connection: Error | null;
}

/** How a call ended: null if it succeeded. */
export function endingOf(stream: ClosedStream): StatusError | null {
  const { headers, trailers } = stream;
  const last = trailers ?? headers;
  if (last?.['grpc-status'] !== undefined) return statusIn(last);
  if (headers !== null) {
    const refusal = refusalIn(headers);
    if (refusal !== null) return refusal;
  }
  return brokenOff(stream);
}

/** Why an answer with these first headers is none of a gRPC host; null if it may be one. */
export function refusalIn(headers: AnswerHeaders): StatusError | null {
  const { ':status': http, 'content-type': type = '', 'grpc-encoding': encoding } = headers;
  if (headers['grpc-status'] !== undefined) return statusIn(headers);
  if (http !== 200) return new StatusError(statusOfHttp(http), `the host answered HTTP ${http}`);
  if (!/^application\/grpc(?:[+;]|$)/.test(String(type))) {
    const text = `the host answered ${type === '' ? 'without a content type' : type}`;
    return new StatusError(Status.unknown, `${text}, wanted application/grpc`);
  }
  if (encoding === undefined || encoding === 'identity') return null;
  const text = `the host answered with the encoding ${encoding}, which is not supported`;
  return new StatusError(Status.unimplemented, text);
}

/** Whether the host has not looked at the request, so that it can be sent again. */
export function wasNotProcessed({ headers, resetCode }: ClosedStream): boolean {
  return headers === null && resetCode === constants.NGHTTP2_REFUSED_STREAM;
}

function statusIn(headers: AnswerHeaders): StatusError | null {
  const status = readStatus(headers['grpc-status']);
  if (status === Status.ok) return null;
  const text = headers['grpc-message'];
  const message = typeof text === 'string' ? decodeStatusText(text) : '';
  return new ReportedError(status, message === '' ? `the host answered status ${status}` : message);
}

function brokenOff({ connection, resetCode, headers }: ClosedStream): StatusError {
  if (connection !== null) {
    return new StatusError(Status.unavailable, connection.message, { cause: connection });
  }
  switch (resetCode) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return new StatusError(Status.unavailable, 'the host refused the stream');
    case constants.NGHTTP2_CANCEL:
      return new StatusError(Status.cancelled, 'the stream was cancelled');
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return new StatusError(Status.resourceExhausted, 'the host asked to send less');
    case undefined:
    case constants.NGHTTP2_NO_ERROR: {
      const text = `the host ended its answer without ${headers === null ? 'headers' : 'a status'}`;
      return new StatusError(Status.unknown, text);
    }
  }
  return new StatusError(Status.internal, `the host reset the stream with code ${resetCode}`);
}

function statusOfHttp(http: unknown): Status {
  switch (http) {
    case 400:
      return Status.internal;
    case 401:
      return Status.unauthenticated;
    case 403:
      return Status.permissionDenied;
    case 404:
      return Status.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Status.unavailable;
  }
  return Status.unknown;
}
