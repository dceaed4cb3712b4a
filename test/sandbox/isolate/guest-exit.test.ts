import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

const EVERYTHING = `
  text('late'); notify('late'); tools.echo('late'); store('late', 1); yield_control();
  image('data:,late'); audio('data:,late'); setTimeout(() => text('late'), 0);
  generatedImage({ image_url: 'data:,late', output_hint: 'late' });`;

/** Each asks for the end in a place of its own, and then tries to go on. */
const CASES: Readonly<Record<string, string>> = {
  'an ordinary call, before every other helper': `exit(); ${EVERYTHING}`,
  'a try with catch and finally': `try { exit() } catch { ${EVERYTHING} } finally { ${EVERYTHING} } ${EVERYTHING}`,
  'toJSON in text': `text({ toJSON() { exit(); return 'late' } })`,
  'toJSON in notify': `notify({ toJSON() { exit(); return 'late' } })`,
  'toJSON in a stored value': `store('late', { toJSON() { exit(); return 1 } })`,
  'toJSON in the argument of a tool': `tools.echo({ toJSON() { exit(); return 'late' } })`,
  'toString of a store key': `store({ toString() { exit(); return 'late' } }, 1)`,
  'a getter for the URL of an image': `image({ get image_url() { exit(); return 'data:,late' } })`,
  'a getter for the URL of an audio': `audio({ get audio_url() { exit(); return 'data:,late' } })`,
  'a getter for the hint of a generated image': `generatedImage({ image_url: 'data:,late', get output_hint() { exit(); return 'late' } })`,
  'valueOf of the delay of a timer': `setTimeout(() => text('late'), { valueOf() { exit(); return 0 } })`,
  'valueOf of the id of a timer': `clearTimeout({ valueOf() { exit(); return 1 } })`,
  'a then of a thenable': `await { then() { exit() } }; ${EVERYTHING}`,
  'a trap of a proxy': `text(new Proxy({}, { ownKeys() { exit() } }))`,
  'a callback of a settled stream': `await stream_settled([1], () => exit()); ${EVERYTHING}`,
  'the text of the error that fails the cell': `throw { get stack() { exit() } }`,
  'a rejection handler': `await Promise.reject(1).catch(() => exit()); ${EVERYTHING}`,
  'a function that nobody awaits': `void (async () => exit())(); await undefined; ${EVERYTHING}`,
  'a timer': `setTimeout(() => { exit(); ${EVERYTHING} }, 0); await new Promise(() => {})`,
  'a call of its own from inside exit': `exit({ get x() { exit() } }); ${EVERYTHING}`,
};

describe('exit()', { timeout: 60_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [where, source] of Object.entries(CASES)) {
    it(`ends the program well from ${where}, and nothing takes effect after it`, async () => {
      const { session, calls, notifications } = recordedSession(sandbox);
      await using _ = session;
      const before = `text('before'); notify('before'); tools.never('before'); store('before', 1);
        setTimeout(() => text('timer'), 5);`;
      const { items, failure, notes } = await finishCell(session, `${before}\n${source}`);
      assert.equal(failure, null);
      assert.deepEqual(notes, []);
      assert.deepEqual(textsOf(items), ['before']);
      assert.equal(items.length, 1);
      assert.deepEqual(calls, [['never', 'before']]);
      assert.deepEqual(notifications, ['before']);
      const stored = await finishCell(session, `text([load('before'), typeof load('late')])`);
      assert.deepEqual(textsOf(stored.items), ['[1,"undefined"]']);
    });
  }
});
