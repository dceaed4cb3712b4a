import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import { settled } from '../../support/gates.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { ScriptedCreation } from '../../support/scripted-creation.ts';
import { WordRouter } from '../../support/word-router.ts';

describe('claimCreated, with an id that is asked for', () => {
  it('C16 is registered before anything is sent', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('s');
    creation.onSend = () => rig.send('s', 'a');
    const creating = creation.start(rig.router);
    rig.send('s', '?b');
    assert.deepEqual(creation.reader.log, ['a', '?b']);
    creation.answer({ id: 's' });
    const { registration } = await creating;
    assert.equal(registration.active, true);
    assertNoListeners(creation.controller.signal);
  });

  it('C16 fails if the answer has another id, names both, and leaves neither registered', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('asked');
    const creating = creation.start(rig.router);
    creation.answer({ id: 'other' });
    const message = 'Cannot create asked: the peer answered with other';
    await assert.rejects(creating, { code: 'peer_failed', message });
    assert.deepEqual([rig.router.isLive('asked'), rig.router.isLive('other')], [false, false]);
    assert.deepEqual(rig.send('asked', '?late'), ['closed']);
    assert.deepEqual(creation.log, ['send'], 'another id may be somebody else’s');
    assert.deepEqual(creation.leaks, ['other']);
  });

  it('C16 sends nothing if the id is taken', async () => {
    const rig = new WordRouter();
    const reader = rig.reader('s');
    const creation = new ScriptedCreation('s');
    await assert.rejects(creation.start(rig.router), { code: 'invalid_argument' });
    assert.deepEqual([creation.log, reader.registration?.active], [[], true]);
  });

  it('C16 releases the id if sending fails', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('s');
    const creating = creation.start(rig.router);
    creation.fail(new Error('refused'));
    await assert.rejects(creating, { message: 'refused' });
    assert.deepEqual([creation.log, rig.router.isLive('s')], [['send'], false]);
  });

  it('C16 destroys the id that was asked for if the answer is malformed', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('s');
    creation.destroying = async () => assert.equal(rig.router.isLive('s'), false);
    const creating = creation.start(rig.router);
    creation.answer({ odd: true });
    await assert.rejects(creating, { message: 'Cannot understand the answer' });
    assert.deepEqual([creation.log, creation.leaks], [['send', 'destroy s'], []]);
  });

  it('C16 releases the id at once when the caller gives up, and destroys what is created', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('s');
    const creating = creation.start(rig.router);
    creation.controller.abort(new Cancelled('terminate'));
    assert.equal(rig.router.isLive('s'), false);
    await assert.rejects(creating, { name: 'AbortError' });
    creation.answer({ id: 's' });
    await settled();
    assert.deepEqual(creation.log, ['send', 'destroy s']);
  });

  it('C16 refuses an id that is asked for again before its orphan is destroyed', async () => {
    const rig = new WordRouter();
    const [first, second, third] = [1, 2, 3].map(() => new ScriptedCreation('s'));
    const destroyed = Promise.withResolvers<void>();
    first!.destroying = () => destroyed.promise;
    const givenUp = first!.start(rig.router);
    first!.controller.abort(new Cancelled('terminate'));
    await assert.rejects(givenUp, { name: 'AbortError' });
    const message = 'Cannot create s: an earlier attempt has not ended at the peer';
    await assert.rejects(second!.start(rig.router), { code: 'invalid_argument', message });
    first!.answer({ id: 's' });
    await settled();
    await assert.rejects(second!.start(rig.router), { code: 'invalid_argument' });
    assert.deepEqual([first!.log, second!.log], [['send', 'destroy s'], []]);
    destroyed.resolve();
    await settled();
    const creating = third!.start(rig.router);
    third!.answer({ id: 's' });
    assert.equal((await creating).registration.active, true);
  });

  it('C16 reports what could not be destroyed after the caller gave up', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('s');
    creation.destroying = () => Promise.reject(new Error('refused'));
    const creating = creation.start(rig.router);
    creation.controller.abort(new Cancelled('terminate'));
    await assert.rejects(creating, { name: 'AbortError' });
    creation.answer({ id: 's' });
    await settled();
    assert.deepEqual([creation.log, creation.leaks], [['send', 'destroy s'], ['s']]);
  });

  it('C16 frees an id whose creation failed at the peer after its caller gave up', async () => {
    const rig = new WordRouter();
    const [first, second] = [new ScriptedCreation('s'), new ScriptedCreation('s')];
    const givenUp = first.start(rig.router);
    first.controller.abort(new Cancelled('terminate'));
    await assert.rejects(givenUp, { name: 'AbortError' });
    first.fail(new Error('no room'));
    await settled();
    const creating = second.start(rig.router);
    second.answer({ id: 's' });
    assert.equal((await creating).registration.active, true);
    assert.deepEqual(first.log, ['send']);
  });
});
