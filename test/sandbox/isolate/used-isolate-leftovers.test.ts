import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ACCESSOR_WALK,
  ESCAPES,
  SPIED_WALK,
  WALKS,
  walkingProgram,
} from '../../support/escape-corpus.ts';
import { LASTING, LEFTOVERS, THROWN } from '../../support/leftovers.ts';
import { EXERCISE, EXERCISE_TEXTS, OPENING, SABOTAGES } from '../../support/sabotages.ts';
import { UsedIsolate } from '../../support/used-isolate.ts';
import { WORLD_DUMP } from '../../support/world-dump.ts';

/** All that a program may do before another one runs in its isolate. Each ends well. */
const PREDECESSORS: Readonly<Record<string, string>> = {
  ...LEFTOVERS,
  ...Object.fromEntries(
    Object.entries(WALKS).map(([what, source]) => [`a walk: ${what}`, walkingProgram(source)]),
  ),
  'a walk: built-ins it replaced': walkingProgram(SPIED_WALK),
  'a walk: accessors on prototypes': walkingProgram(ACCESSOR_WALK),
  ...Object.fromEntries(ESCAPES.map((source) => [`an escape: ${source}`, `text(${source})`])),
  ...Object.fromEntries(
    Object.entries(SABOTAGES).map(([what, source]) => [
      `an overwritten built-in: ${what}`,
      `${OPENING}\n${source};\n${EXERCISE}`,
    ]),
  ),
};

/** So that no predecessor uses too much for another program to follow. */
const ROOMY = { maxHeapBytes: 512 << 20 };

const SETUP = { options: { console: true } };

/** Uses what predecessors try to spoil; tells the same whenever it runs alone. */
const PROBE = `
const same = (parts) => parts; const once = () => same\`a\${1}b\`;
text([typeof secret, typeof left, 'left' in {}, once() === once(), Object.isFrozen(once()), RegExp.lastMatch, RegExp.$1, RegExp.input, Error.stackTraceLimit]);
const failing = async () => { await tools.echo(1); throw new Error('own') };
try { await failing() } catch (error) { text(error.stack) }
try { null.x } catch (error) { text(error.stack) }
text(String(eval('typeof left')) + new Function('return typeof left')() + [...new Map([[1, 2]])] + [1, 2].map((n) => n * 2) + 'left'.replace(/e/, 'x'));
await new Promise((done) => setTimeout(done, 1));
text([await Promise.all([1, tools.echo(2)]), await Promise.allSettled([Promise.reject(3)]), await Promise.any([4])]);
`;

describe('A program in a used isolate', { timeout: 120_000 }, () => {
  const inNew = (async () => {
    await using fresh = new UsedIsolate({ maxProgramsPerIsolate: 1 }, SETUP);
    const [world, probe] = [await fresh.run(WORLD_DUMP), await fresh.run(PROBE)];
    assert.equal(fresh.isKept, false);
    return { world: world.texts[0]?.split('\n') ?? [], probe };
  })();

  for (const [what, source] of Object.entries(PREDECESSORS)) {
    it(`finds nothing of an earlier one: ${what}`, async () => {
      const { world, probe } = await inNew;
      await using isolate = new UsedIsolate(ROOMY, SETUP);
      const before = await isolate.run(source);
      assert.equal(before.failure, null);
      for (const note of before.notes) assert.match(note, /cancelled when the program ended/);
      const { texts, failure } = await isolate.runAgain(WORLD_DUMP);
      assert.equal(failure, null);
      assert.deepEqual(texts[0]?.split('\n'), world);
      assert.deepEqual(await isolate.runAgain(PROBE), probe);
      const helpers = await isolate.runAgain(`${OPENING}\n${EXERCISE}`);
      assert.deepEqual([helpers.texts, helpers.notes], [EXERCISE_TEXTS, []]);
      assert.equal(isolate.isKept, true);
    });
  }

  for (const [what, source] of Object.entries(THROWN)) {
    it(`finds nothing of an earlier one that failed: ${what}`, async () => {
      const { world, probe } = await inNew;
      await using isolate = new UsedIsolate(ROOMY, SETUP);
      const before = await isolate.run(source);
      assert.match(before.failure?.kind ?? '', /^(?:exception|syntax)$/);
      const { texts, failure } = await isolate.runAgain(WORLD_DUMP);
      assert.equal(failure, null);
      assert.deepEqual(texts[0]?.split('\n'), world);
      assert.deepEqual(await isolate.runAgain(PROBE), probe);
    });
  }

  it('finds nothing of earlier ones that fail after any of the others', async () => {
    const { world, probe } = await inNew;
    let used = 0;
    for (const source of Object.values(PREDECESSORS)) {
      await using isolate = new UsedIsolate(ROOMY, SETUP);
      const { failure } = await isolate.run(`${source}\n;throw new Error('left')`);
      assert.equal(failure?.kind, 'exception', source);
      if (isolate.isKept) used += 1;
      assert.deepEqual((await isolate.run(WORLD_DUMP)).texts[0]?.split('\n'), world, source);
      assert.deepEqual(await isolate.runAgain(PROBE), probe, source);
    }
    assert.ok(used > 100, `${used} isolates were used again`);
  });

  it('finds nothing of earlier ones that call exit after any of the others', async () => {
    const { world, probe } = await inNew;
    let used = 0;
    for (const source of Object.values(PREDECESSORS)) {
      await using isolate = new UsedIsolate(ROOMY, SETUP);
      const { failure } = await isolate.run(
        `const leave = exit; ${source}\n;try { leave() } catch (left) { globalThis.left = left } leave()`,
      );
      assert.equal(failure, null, source);
      if (isolate.isKept) used += 1;
      assert.deepEqual((await isolate.run(WORLD_DUMP)).texts[0]?.split('\n'), world, source);
      assert.deepEqual(await isolate.runAgain(PROBE), probe, source);
    }
    assert.ok(used > 100, `${used} isolates were used again`);
  });

  it('would find it if there were something', async () => {
    const { world, probe } = await inNew;
    await using isolate = new UsedIsolate({}, SETUP);
    for (const planted of [`Map.prototype.left = 1`, `/(l)/.exec('l')`, `Object.freeze(Math)`]) {
      const { texts } = await isolate.run(`${planted};${WORLD_DUMP}`);
      assert.notDeepEqual(texts[0]?.split('\n'), world, planted);
    }
    const { texts } = await isolate.run(`Error.prepareStackTrace = () => 'left';${PROBE}`);
    assert.notDeepEqual(texts, probe.texts);
  });

  for (const [what, source] of Object.entries(LASTING)) {
    it(`is given a new isolate after one that left ${what}`, async () => {
      const { probe } = await inNew;
      await using isolate = new UsedIsolate({}, SETUP);
      const { failure } = await isolate.run(source);
      assert.equal(failure, null);
      assert.equal(isolate.isKept, false);
      assert.deepEqual(await isolate.run(PROBE), probe);
      assert.equal(isolate.isKept, true);
    });
  }
});
