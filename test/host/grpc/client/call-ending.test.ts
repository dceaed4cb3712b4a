import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { describe, it } from 'node:test';
import {
  type ClosedStream,
  endingOf,
  refusalIn,
  wasNotProcessed,
} from '../../../../host/grpc/client/call-ending.ts';
import { Status } from '../../../../host/grpc/status.ts';
import { CodeModeError } from '../../../../src/errors.ts';

const GRPC = { ':status': 200, 'content-type': 'application/grpc' } as const;
const NOTHING: ClosedStream = {
  headers: null,
  trailers: null,
  resetCode: undefined,
  connection: null,
};

function ending(closed: Partial<ClosedStream>): string {
  const error = endingOf({ ...NOTHING, ...closed });
  if (error === null) return 'ok';
  const name = Object.entries(Status).find(([, status]) => status === error.status)?.[0];
  return `${name}: ${error.message}`;
}

describe('The end of a call', () => {
  it('is the status behind the messages, or in the first headers', () => {
    assert.equal(ending({ headers: GRPC, trailers: { 'grpc-status': '0' } }), 'ok');
    const failed = { 'grpc-status': '5', 'grpc-message': 'unknown code-mode session %C3%A9' };
    assert.equal(
      ending({ headers: GRPC, trailers: failed }),
      'notFound: unknown code-mode session é',
    );
    assert.equal(
      ending({ headers: { ...GRPC, ...failed } }),
      'notFound: unknown code-mode session é',
    );
    assert.equal(
      ending({ headers: GRPC, trailers: { 'grpc-status': '8' } }),
      'resourceExhausted: the host answered status 8',
    );
  });

  it('is a failure without a status', () => {
    assert.equal(ending({ headers: GRPC }), 'unknown: the host ended its answer without a status');
    assert.equal(ending({}), 'unknown: the host ended its answer without headers');
    assert.equal(
      ending({ resetCode: constants.NGHTTP2_REFUSED_STREAM }),
      'unavailable: the host refused the stream',
    );
    assert.equal(
      ending({ resetCode: constants.NGHTTP2_CANCEL }),
      'cancelled: the stream was cancelled',
    );
    assert.equal(
      ending({ resetCode: constants.NGHTTP2_ENHANCE_YOUR_CALM }),
      'resourceExhausted: the host asked to send less',
    );
    assert.equal(
      ending({ resetCode: constants.NGHTTP2_PROTOCOL_ERROR }),
      'internal: the host reset the stream with code 1',
    );
    const connection = new CodeModeError('connection_lost', 'gone');
    assert.equal(ending({ headers: GRPC, connection }), 'unavailable: gone');
  });

  it('is a refusal if the answer is none of a gRPC host', () => {
    const html = { ':status': 200, 'content-type': 'text/html' };
    assert.equal(
      ending({ headers: html }),
      'unknown: the host answered text/html, wanted application/grpc',
    );
    assert.equal(
      ending({ headers: { ':status': 503 } }),
      'unavailable: the host answered HTTP 503',
    );
    assert.equal(
      ending({ headers: { ':status': 404 } }),
      'unimplemented: the host answered HTTP 404',
    );
    assert.equal(refusalIn({ ...GRPC, 'grpc-encoding': 'identity' }), null);
    assert.equal(refusalIn({ ...GRPC, 'content-type': 'application/grpc+proto' }), null);
    assert.equal(
      refusalIn({ ...GRPC, 'content-type': 'application/grpc-web' })?.status,
      Status.unknown,
    );
    assert.equal(refusalIn({ ...GRPC, 'grpc-encoding': 'gzip' })?.status, Status.unimplemented);
  });

  it('says whether the host has looked at the request', () => {
    const refused = { ...NOTHING, resetCode: constants.NGHTTP2_REFUSED_STREAM };
    assert.equal(wasNotProcessed(refused), true);
    assert.equal(wasNotProcessed({ ...refused, headers: GRPC }), false);
    assert.equal(wasNotProcessed(NOTHING), false);
  });
});
