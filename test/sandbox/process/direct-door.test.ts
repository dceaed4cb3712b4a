import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DirectDoor } from '../../../sandbox/process/direct-door.ts';

/** A door, what it does in order, and what it depends on. */
function setup(endsWithHost = false) {
  const done: string[] = [];
  const state = { ready: true, programs: 1, unsentBytes: 0 };
  const note = (what: string) => () => void done.push(what);
  const door = new DirectDoor({
    pipe: {
      read: note('read'),
      rest: note('rest'),
      get unsentBytes() {
        return state.unsentBytes;
      },
      set mayBlock(mayBlock: boolean) {
        done.push(mayBlock ? 'may block' : 'may not block');
      },
    },
    watch: {
      get ready() {
        return state.ready;
      },
      enter: note('watched'),
      leave: note('not watched'),
    },
    endsWithHost,
    programs: () => state.programs,
    flush: note('flush'),
    onShared: note('shared'),
  });
  return { door, state, done };
}

describe('DirectDoor', () => {
  it('is one only while one program is left alone and watched, and nothing waits in the pipe', () => {
    const { door, state } = setup();
    assert.equal(door.isDirect, false);
    door.leftAlone();
    assert.equal(door.isDirect, true);
    for (const bad of [{ ready: false }, { programs: 2 }, { programs: 0 }, { unsentBytes: 1 }]) {
      const before = { ...state };
      Object.assign(state, bad);
      assert.equal(door.isDirect, false, JSON.stringify(bad));
      Object.assign(state, before);
    }
    door.share();
    assert.equal(door.isDirect, false);
  });

  it('is one before it is watched in a process that the system ends with its host', () => {
    const { door, state } = setup(true);
    state.ready = false;
    assert.equal(door.isDirect, false);
    door.leftAlone();
    assert.equal(door.isDirect, true);
    for (const bad of [{ programs: 2 }, { programs: 0 }, { unsentBytes: 1 }]) {
      const before = { ...state };
      Object.assign(state, bad);
      assert.equal(door.isDirect, false, JSON.stringify(bad));
      Object.assign(state, before);
    }
  });

  it('writes what was said before, during and after an entry, which is watched', () => {
    const { door, done } = setup();
    door.pass(() => {
      done.push('inside');
      door.said();
    });
    assert.deepEqual(done, [
      'flush',
      'may block',
      'watched',
      'inside',
      'flush',
      'not watched',
      'flush',
      'may not block',
    ]);
  });

  it('says that it shares at once, or when the entry is over', () => {
    const { door, done } = setup();
    door.share();
    assert.deepEqual(done.splice(0), ['shared']);
    door.pass(() => {
      door.share();
      assert.ok(!done.includes('shared'));
    });
    assert.equal(done.at(-1), 'shared');
    assert.equal(done.filter((what) => what === 'shared').length, 1);
  });

  it('hears its host while a program is paused inside', () => {
    const { door, done } = setup();
    let looks = 0;
    door.listen(() => {
      looks += 1;
      return looks < 3;
    });
    assert.deepEqual(done, ['read', 'rest', 'read', 'rest', 'read']);
  });
});
