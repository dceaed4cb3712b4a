import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { RequestReading } from '../../../../host/grpc/server/request-reading.ts';

function request(reading: RequestReading) {
  const stream = new PassThrough();
  const read: string[] = [];
  stream.on('data', (chunk: Buffer) => {
    read.push(String(chunk));
    reading.arrived(stream, chunk.length);
  });
  stream.once('end', () => reading.whole(stream));
  stream.once('close', () => reading.over(stream));
  reading.add(stream);
  return { stream, read };
}

const LARGE = Buffer.alloc(64 << 10);
/** Large requests that are read at a time. */
const AT_ONCE = 4;
const STALL_MS = 100;

/** So many requests that have become large, and then sent one more byte. */
async function manyLarge(reading: RequestReading, count: number) {
  const requests = Array.from({ length: count }, () => request(reading));
  for (const { stream } of requests) stream.write(LARGE);
  await turn();
  for (const { stream } of requests) stream.write('.');
  await turn();
  const went = () => requests.flatMap(({ read }, n) => (read.length > 1 ? n : []));
  return { requests, went };
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

  it('lets go of requests that are over', () => {
    const reading = new RequestReading();
    const told: string[] = [];
    const stream = { pause: () => told.push('pause'), resume: () => told.push('resume') };
    reading.add(stream);
    reading.pause();
    reading.resume();
    assert.deepEqual(told, ['pause', 'resume']);
    reading.over(stream);
    reading.arrived(stream, 1 << 20);
    reading.pause();
    reading.resume();
    assert.deepEqual(told, ['pause', 'resume']);
  });

  it('reads few large requests at a time, in order, and small ones as they come', async () => {
    const reading = new RequestReading();
    const { requests, went } = await manyLarge(reading, AT_ONCE + 3);
    assert.deepEqual(went(), [0, 1, 2, 3]);
    const small = request(reading);
    small.stream.write('a');
    await turn();
    assert.deepEqual(small.read, ['a']);
    requests[2]!.stream.end();
    await turn();
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3, 4]);
    requests[5]!.stream.destroy();
    requests[0]!.stream.destroy();
    await turn();
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3, 4, 6]);
  });

  it('reads one more when those that have a turn send nothing', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const reading = new RequestReading();
    const { requests, went } = await manyLarge(reading, AT_ONCE + 2);
    t.mock.timers.tick(STALL_MS);
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3]);
    t.mock.timers.tick(STALL_MS);
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3, 4]);
    requests[0]!.stream.write('.');
    await turn();
    t.mock.timers.tick(STALL_MS);
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3, 4]);
    t.mock.timers.tick(STALL_MS);
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3, 4, 5]);
  });

  it('gives no turns while it is paused, and continues those that had one', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const reading = new RequestReading();
    const { requests, went } = await manyLarge(reading, AT_ONCE + 2);
    reading.pause();
    requests[0]!.stream.destroy();
    t.mock.timers.tick(10 * STALL_MS);
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3]);
    reading.resume();
    await turn();
    assert.deepEqual(went(), [0, 1, 2, 3, 4]);
  });
});
