import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { GrpcJsClient } from '../../support/grpc-js-client.ts';
import { KNOWN } from './known-differences.ts';
import { QUESTIONS } from './questions.ts';

/**
 * Asks our host and another one the same questions over gRPC, and prints what differs:
 *
 *     CELLHOST_GRPC_HOST=/path/to/host npm run e2e:grpc
 *
 * With `--record FILE`, their answers are kept for `test/oracle/grpc.test.ts`. The exit code is 1 if there is a difference that `known-differences.ts` does not explain, or one that
 * it explains and that is gone.
 */
const { CELLHOST_GRPC_HOST: path } = process.env;
if (path === undefined) throw new Error('Set CELLHOST_GRPC_HOST to the path of a host');

const { record } = parseArgs({ options: { record: { type: 'string' } } }).values;
const ANSWER_MS = 10_000;
const own = fileURLToPath(new URL('../../../bin/codex-code-mode-host.js', import.meta.url));

async function started(command: readonly string[]) {
  const [program = '', ...args] = [...command, '--listen', 'grpc://127.0.0.1:0'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const client = new GrpcJsClient(new URL(String(line).trim()).host);
  return { client, end: () => child.kill('SIGKILL') };
}

async function answerOf(client: GrpcJsClient, ask: (client: GrpcJsClient) => Promise<unknown>) {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${ANSWER_MS} ms`), ANSWER_MS);
  const answer = await Promise.race([ask(client).catch((error: Error) => error.message), late]);
  clearTimeout(timer);
  return answer;
}

const [ours, theirs] = await Promise.all([started([process.execPath, own]), started([path])]);
const unexplained: string[] = [];
const recorded: Record<string, unknown> = {};
for (const { name, ask } of QUESTIONS) {
  const answers = [await answerOf(theirs.client, ask), await answerOf(ours.client, ask)] as const;
  recorded[name] = answers[0];
  const isEqual = isDeepStrictEqual(...answers);
  const reason = KNOWN.get(name);
  if (isEqual === (reason === undefined)) {
    if (reason !== undefined) console.log(`known: ${name}: ${reason}`);
    continue;
  }
  unexplained.push(name);
  const [there, here] = answers.map((answer) => JSON.stringify(answer));
  console.log(`${isEqual ? 'gone' : 'different'}: ${name}\n  theirs ${there}\n  ours   ${here}`);
}
console.log(`${QUESTIONS.length} questions, ${unexplained.length} differences without a reason`);
for (const { client, end } of [ours, theirs]) {
  await client[Symbol.asyncDispose]();
  end();
}
if (record !== undefined) writeFileSync(record, `${JSON.stringify(recorded, null, 1)}\n`);
process.exitCode = unexplained.length === 0 ? 0 : 1;
