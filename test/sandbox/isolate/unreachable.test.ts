import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import {
  ACCESSOR_WALK,
  ESCAPES,
  SPIED_WALK,
  WALKS,
  walkingProgram,
} from '../../support/escape-corpus.ts';
import { runCell } from '../../support/finished-cell.ts';
import { HOST_TEXT, PROJECT_FOLDER } from '../../support/host-paths.ts';

/** Functions written in JavaScript that a program may see: its helpers, and what makes its stacks. */
const PUBLIC = new Set([
  ...['clearTimeout', 'setTimeout', 'text', 'content', 'image', 'audio', 'generatedImage', 'store'],
  ...['load', 'notify', 'yield_control', 'exit', 'as_settled', 'stream_settled'],
  ...['echo', 'fail', 'never', 'log', 'prepareStackTrace'],
]);

describe('A program', { timeout: 120_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());
  const processes = processSandbox();
  after(() => processes.close());

  async function walk(source: string): Promise<void> {
    const { texts, failure } = await runCell(sandbox, walkingProgram(source), {
      options: { console: true },
    });
    assert.equal(failure, null);
    assert.ok(!texts.includes('no error'));
    const [found, functions] = texts.slice(-2).map((json) => JSON.parse(json) as string[]);
    assert.deepEqual(found, []);
    const foreign = (functions ?? []).filter((name) => !PUBLIC.has(name));
    assert.deepEqual(
      foreign.filter((name) => !OWN.has(name)),
      [],
    );
  }

  for (const [what, source] of Object.entries(WALKS)) {
    it(`finds nothing of the engine, the bridge or the host in ${what}`, () => walk(source));
  }

  it('would find it if there were something', async () => {
    for (const planted of [
      `globalThis.planted = { Reference: 1 }`,
      `globalThis.planted = () => '${PROJECT_FOLDER}'; Object.defineProperty(planted, 'name', { value: 'deliver' })`,
      `Map.prototype.planted = { deep: [new Error('${PROJECT_FOLDER}/x')] }`,
      `globalThis.planted = { upMany() {} }`,
    ]) {
      await assert.rejects(
        walk(`${planted}; look(globalThis, 'globalThis')`),
        assert.AssertionError,
      );
    }
  });

  for (const [at, source] of [...ESCAPES, ...ESCAPES].entries()) {
    const inProcess = at >= ESCAPES.length;
    it(`gets nothing${inProcess ? ', in a sandbox process,' : ''} by ${source}`, async () => {
      const where = inProcess ? processes : sandbox;
      const { texts, failure } = await runCell(where, `text(${source})`);
      assert.equal(failure, null);
      assert.equal(texts.at(-1), 'undefined');
    });
  }

  it('sees nothing of the helpers in built-ins it replaced', async () => {
    await walk(SPIED_WALK);
  });

  it('sees nothing of the helpers in accessors it puts on the prototype of objects', async () => {
    await walk(ACCESSOR_WALK);
  });

  it('is told errors without anything of the host', async () => {
    for (const source of [
      `throw new Error('x')`,
      `setTimeout(() => { throw new Error('x') }); await new Promise(() => {})`,
      `Error.stackTraceLimit = Infinity; await tools.fail()`,
      `text({ toJSON() { throw new Error('x') } })`,
      `await import('x')`,
      `const f = () => f(); f()`,
      `Promise.reject(new Error('x')); await tools.echo()`,
      `Promise.reject({ get message() { return new Error().stack } }); await tools.echo()`,
      `'use strict'.x.y`,
      `let x = ;`,
      `enum A {}`,
      `throw { toString() { return new Error('x').stack } }`,
    ]) {
      const { failure, notes } = await runCell(sandbox, source);
      const told = `${failure?.text} ${notes.join()}`;
      assert.doesNotMatch(told, new RegExp(HOST_TEXT), source);
    }
  });
});

/** Functions of the walk that walk into themselves, through frames and arguments. */
const OWN = new Set(['']);
