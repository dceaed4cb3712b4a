import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isolateBlueprint } from '../../../sandbox/isolate/blueprint.ts';
import type { HelperCode } from '../../../sandbox/isolate/helper-code.ts';
import { isolateSandbox } from '../../../sandbox/isolate/isolate-sandbox.ts';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import { readHelpers } from '../../../sandbox/process/child-main.ts';
import { rehearse } from '../../../sandbox/process/rehearsal.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

/** Finds what it was given. */
class Found implements HelperCode {
  readonly kept = new Map<string, readonly [text: string, code: Uint8Array]>();
  asked: string[] = [];
  readonly find = (name: string, text: string) => {
    this.asked.push(name);
    const [known, code] = this.kept.get(name) ?? [];
    return known === text && code !== undefined ? code : null;
  };
  readonly made = (name: string, text: string, code: Uint8Array) => {
    this.kept.set(name, [text, code]);
  };
}

describe('rehearse', { timeout: 60_000 }, () => {
  it('runs its programs as planned, and hands out the code of the helpers', async () => {
    const found = new Found();
    assert.equal(await rehearse(found, 30_000), true);
    assert.deepEqual([...found.kept.keys()], ['bootstrap', 'settled']);
    for (const [, code] of found.kept.values()) assert.ok(code.length > 1_000);
  });

  it('is given up in time', async () => {
    assert.equal(await rehearse(new Found(), 0), false);
  });

  it('compiles helpers for the isolates of a later process', async () => {
    const found = new Found();
    await rehearse(found, 30_000);
    const { scripts } = isolateBlueprint(DEFAULT_SANDBOX_LIMITS, { find: found.find });
    for (const [name, script] of Object.entries(scripts)) {
      const code = new Uint8Array(script.cachedData!.copy());
      assert.deepEqual(code, found.kept.get(name)![1]);
    }
    const calls = new RecordingCalls();
    await using sandbox = isolateSandbox();
    const later = { find: found.find, made: () => assert.fail('compiled again') };
    sandbox.compileHelpersWith(later);
    found.asked = [];
    const { ended } = calls.runIn(sandbox, contractProgram('text(await Promise.all([1, 2]))'));
    assert.equal((await ended).failure, null);
    assert.deepEqual(calls.all('text'), ['[1,2]']);
    assert.deepEqual(found.asked, ['bootstrap', 'settled']);
  });

  it('is of no use for other limits, whose helpers are compiled anew', async () => {
    const found = new Found();
    await rehearse(found, 30_000);
    const made: string[] = [];
    const limits = { ...DEFAULT_SANDBOX_LIMITS, maxTimers: 1 };
    isolateBlueprint(limits, { find: found.find, made: (name) => made.push(name) });
    assert.deepEqual(made, ['bootstrap', 'settled']);
  });
});

describe('readHelpers', () => {
  it('finds the code of a script only for its own text, and reads nothing later', () => {
    const code = new Uint8Array([1]);
    let mayRead = true;
    const script = (name: string) => {
      assert.ok(mayRead);
      return name === 'settled' ? { text: 'its text', code } : undefined;
    };
    const find = readHelpers({ script });
    mayRead = false;
    assert.equal(find('settled', 'its text'), code);
    assert.equal(find('settled', 'its tex!'), null);
    assert.equal(find('bootstrap', 'its text'), null);
  });
});
