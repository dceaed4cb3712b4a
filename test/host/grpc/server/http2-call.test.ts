import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { Http2Call } from '../../../../host/grpc/server/http2-call.ts';
import { RequestReading } from '../../../../host/grpc/server/request-reading.ts';
import type { Caller } from '../../../../host/grpc/server/server-call.ts';
import { ByteBudget } from '../../../../src/runtime/byte-budget.ts';
import { framed } from '../../../support/raw-grpc.ts';

/** Notes what it is told of one request. */
class NotedReading extends RequestReading {
  readonly told: string[] = [];

  override add(): void {
    this.told.push('added');
  }

  override arrived(_: unknown, bytes: number): void {
    this.told.push(`${bytes} bytes`);
  }

  override whole(): void {
    this.told.push('whole');
  }

  override over(): void {
    this.told.push('over');
  }
}

describe('Http2Call', () => {
  it('tells who reads the requests of its connection what becomes of its own', () => {
    const stream = new EventEmitter();
    const budget = new ByteBudget('maxConnectionPendingBytes', 1 << 20);
    const reading = new NotedReading();
    const { told } = reading;
    const call = new Http2Call(stream as ServerHttp2Stream, {} as Caller, budget);
    call.read((_, request) => {
      told.push(`performs ${request}`);
      return undefined;
    }, reading);
    const message = framed(Buffer.from('abc'));
    stream.emit('data', message.subarray(0, 6));
    stream.emit('data', message.subarray(6));
    assert.equal(budget.used, message.length);
    stream.emit('end');
    assert.equal(budget.used, 0);
    stream.emit('close');
    assert.deepEqual(told, ['added', '6 bytes', '2 bytes', 'performs abc', 'whole', 'over']);
  });
});
