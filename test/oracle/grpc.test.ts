import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { isolateSandbox } from '../../sandbox/index.ts';
import { KNOWN } from '../e2e/grpc/known-differences.ts';
import { QUESTIONS } from '../e2e/grpc/questions.ts';
import { GrpcHost } from '../support/grpc-host.ts';

/** The answers of the host of the Codex CLI, recorded by `test/e2e/grpc/differences.ts`. */
const RECORDED: Readonly<Record<string, unknown>> = JSON.parse(
  readFileSync(new URL('../data/oracle-grpc.json', import.meta.url), 'utf8'),
);

const sandbox = isolateSandbox();
const host = await GrpcHost.start({ sandbox });
const client = host.client();
after(async () => {
  await client[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await sandbox.close();
});

describe('Our host answers over gRPC as the reference host does', () => {
  it('to every recorded question', () => {
    assert.deepEqual(
      Object.keys(RECORDED),
      QUESTIONS.map(({ name }) => name),
    );
  });

  for (const { name, ask } of QUESTIONS) {
    const reason = KNOWN.get(name);
    it(`${name}${reason === undefined ? '' : `, but for a known difference`}`, async () => {
      const answer = JSON.parse(JSON.stringify(await ask(client)));
      if (reason === undefined) assert.deepEqual(answer, RECORDED[name]);
      else assert.ok(!isDeepStrictEqual(answer, RECORDED[name]), 'the difference is gone');
    });
  }
});
