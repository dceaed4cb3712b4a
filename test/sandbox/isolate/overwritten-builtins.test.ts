import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { runCell } from '../../support/finished-cell.ts';
import { EXERCISE, EXERCISE_TEXTS, OPENING, SABOTAGES } from '../../support/sabotages.ts';

describe('Built-ins that a program overwrites', { timeout: 120_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [what, sabotage] of Object.entries(SABOTAGES)) {
    it(`do not change the helpers: ${what}`, async () => {
      const cell = await runCell(sandbox, `${OPENING}\n${sabotage};\n${EXERCISE}`);
      assert.equal(cell.failure, null);
      assert.deepEqual(cell.texts, EXERCISE_TEXTS);
      assert.deepEqual(cell.notes, []);
      assert.deepEqual(cell.calls, [
        ['echo', { n: [1, { s: 'x' }] }],
        ['fail', undefined],
      ]);
      assert.deepEqual(cell.notifications, ['note']);
      const images = cell.items.filter(({ type }) => type === 'input_image');
      assert.deepEqual(images, [
        { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
      ]);
    });
  }

  it('do not keep a program from ending: then and the constructor of promises', async () => {
    const { texts, failure } = await runCell(
      sandbox,
      `Promise.prototype.then = () => {}; Promise.prototype.constructor = Object; text(1);`,
    );
    assert.deepEqual([texts, failure], [['1'], null]);
  });

  it('do not end a program before it is over: then and the constructor of promises', async () => {
    const { texts } = await runCell(
      sandbox,
      `Promise.prototype.constructor = Object;
      Promise.prototype.then = (resolve) => resolve();
      setTimeout(() => {}, 5); text('one');
      await { then: (r) => setTimeout(r, 1) };
      text('two');`,
    );
    assert.deepEqual(texts, ['one', 'two']);
  });

  it('do not keep a failing program from telling why', async () => {
    for (const sabotage of [
      `Error.prepareStackTrace = () => { throw 1 }`,
      `Error.prepareStackTrace = (error, frames) => frames`,
      `Object.defineProperty(Error.prototype, 'stack', { get() { throw 1 } })`,
      `String.prototype.slice = String.prototype.indexOf = () => { throw 1 }`,
    ]) {
      const { failure } = await runCell(sandbox, `${sabotage}; throw new Error('why')`);
      assert.equal(failure?.kind, 'exception', sabotage);
    }
  });
});
