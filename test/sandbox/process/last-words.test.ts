import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { LastWords } from '../../../sandbox/process/last-words.ts';
import { settled } from '../../support/gates.ts';

describe('The last words of a sandbox process', () => {
  it('are kept though their stream breaks', async () => {
    const stderr = new PassThrough();
    const words = new LastWords(stderr);
    stderr.write('FATAL ERROR: Reached heap limit, out of memory\n');
    await settled();
    stderr.destroy(new Error('read EIO'));
    await settled();
    const { kind, text } = words.explain('was ended by SIGABRT');
    assert.equal(kind, 'memory');
    assert.match(text, /FATAL ERROR: Reached heap limit/);
  });
});
