import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { RequestReading } from '../../../../host/grpc/server/request-reading.ts';

function request(reading: RequestReading) {
  const stream = new PassThrough();
  const read: string[] = [];
  stream.on('data', (chunk: Buffer) => read.push(String(chunk)));
  reading.add(stream);
  return { stream, read };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('RequestReading', () => {
  it('reads nothing of requests, old and new, from a pause to its end', async () => {
    const reading = new RequestReading();
    const old = request(reading);
    reading.pause();
    const fresh = request(reading);
    old.stream.write('a');
    fresh.stream.write('b');
    await turn();
    assert.deepEqual([old.read, fresh.read], [[], []]);
    reading.resume();
    await turn();
    assert.deepEqual([old.read, fresh.read], [['a'], ['b']]);
  });

  it('lets go of requests that are over', async () => {
    const reading = new RequestReading();
    const { stream } = request(reading);
    stream.destroy();
    await turn();
    reading.pause();
    assert.equal(stream.isPaused(), false);
  });
});
