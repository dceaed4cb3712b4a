import { Bench } from 'tinybench';
import { MessageReader, MessageWriter } from '../../../host/wire/framing.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timedSync,
} from '../../support/measurement.ts';

const MESSAGES = 100;
const ROUNDS = 100;
const CHUNK_BYTES = 64 << 10;
const LARGE_BYTES = 16 << 20;

/** How much does it cost to encode and decode frames? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  return [...(await measureSmall(pace)), ...(await measureLarge(pace))];
}

async function measureSmall(pace: Pace): Promise<readonly Measurement[]> {
  const text = JSON.stringify({ id: 1, text: 'x'.repeat(1_006) });
  check('The length', text.length, 1 << 10);
  const bytes = framesOf(Array.from({ length: MESSAGES }, () => text));
  const bench = new Bench(
    benchOptions('1 KiB messages, each', pace, { samples: 50, timeMs: 500, warmups: 10 }),
  );
  const add = (name: string, wanted: number, once: () => number) => {
    bench.add(name, () => {
      let found = 0;
      const time = timedSync(() => {
        found += once();
      }, ROUNDS);
      check(name, found, wanted * ROUNDS);
      return { ...time, overriddenDuration: time.overriddenDuration / MESSAGES };
    });
  };
  add(`encode ${MESSAGES} sent in one turn`, bytes.length, () => {
    let handedOut = 0;
    const writer = new MessageWriter((chunks) => {
      for (const chunk of chunks) handedOut += chunk.length;
    });
    for (let n = 0; n < MESSAGES; n += 1) writer.send(text);
    writer.flush();
    return handedOut;
  });
  add('baseline: a buffer each', bytes.length, () => {
    let handedOut = 0;
    for (let n = 0; n < MESSAGES; n += 1) {
      const body = Buffer.from(text);
      const prefix = Buffer.allocUnsafe(4);
      prefix.writeUInt32LE(body.length);
      handedOut += Buffer.concat([prefix, body]).length;
    }
    return handedOut;
  });
  add('decode, in one chunk', MESSAGES, () => decode(new MessageReader(), bytes, bytes.length));
  add('decode, in chunks of 1 500 bytes', MESSAGES, () =>
    decode(new MessageReader(), bytes, 1_500),
  );
  return await measured(bench, 'µs');
}

async function measureLarge(pace: Pace): Promise<readonly Measurement[]> {
  const text = 'x'.repeat(LARGE_BYTES);
  const bytes = framesOf([text]);
  const bench = new Bench(benchOptions('a message of 16 MiB', pace, { samples: 10, timeMs: 500 }));
  bench.add('encode', () => check('Bytes', framesOf([text]).length, bytes.length));
  bench.add('decode, in chunks of 64 KiB', () => {
    check('Messages', decode(new MessageReader(), bytes, CHUNK_BYTES), 1);
  });
  bench.add('baseline: copy the bytes', () => {
    check('Bytes', Buffer.from(bytes).length, bytes.length);
  });
  return await measured(bench);
}

function framesOf(texts: readonly string[]): Buffer {
  const all: Buffer[] = [];
  const writer = new MessageWriter((chunks) => all.push(...chunks));
  for (const text of texts) writer.send(text);
  writer.flush();
  return all.length === 1 ? all[0]! : Buffer.concat(all);
}

function decode(reader: MessageReader, bytes: Buffer, chunkBytes: number): number {
  let messages = 0;
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.push(bytes.subarray(at, at + chunkBytes));
    while (reader.next() !== null) messages += 1;
  }
  reader.end();
  return messages;
}
