import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancelled } from '../src/errors.ts';
import { settled } from './support/gates.ts';
import { assertNoListeners } from './support/leaks.ts';
import { ScriptedCreation } from './support/scripted-creation.ts';
import { WordRouter } from './support/word-router.ts';

describe('Creating something under an id that is asked for', () => {
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

  it('C16 fails where the answer has another id, names both, and leaves neither registered', async () => {
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

  it('C16 sends nothing where the id is taken', async () => {
    const rig = new WordRouter();
    const reader = rig.reader('s');
    const creation = new ScriptedCreation('s');
    await assert.rejects(creation.start(rig.router), { code: 'invalid_argument' });
    assert.deepEqual([creation.log, reader.registration?.active], [[], true]);
  });

  it('C16 lets go of the id where sending fails', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('s');
    const creating = creation.start(rig.router);
    creation.fail(new Error('refused'));
    await assert.rejects(creating, { message: 'refused' });
    assert.deepEqual([creation.log, rig.router.isLive('s')], [['send'], false]);
  });

  it('C16 destroys what was asked for where the answer cannot be understood', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation('s');
    creation.destroying = async () => assert.equal(rig.router.isLive('s'), false);
    const creating = creation.start(rig.router);
    creation.answer({ odd: true });
    await assert.rejects(creating, { message: 'Cannot understand the answer' });
    assert.deepEqual([creation.log, creation.leaks], [['send', 'destroy s'], []]);
  });

  it('C16 lets go of the id at once for whoever gives up, and destroys what comes to be', async () => {
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

  it('C16 does not destroy what was asked for again in the meantime', async () => {
    const rig = new WordRouter();
    const [first, second] = [new ScriptedCreation('s'), new ScriptedCreation('s')];
    const givenUp = first.start(rig.router);
    first.controller.abort(new Cancelled('terminate'));
    const creating = second.start(rig.router);
    first.answer({ id: 's' });
    await assert.rejects(givenUp);
    second.answer({ id: 's' });
    const { registration } = await creating;
    assert.equal(registration.active, true);
    assert.deepEqual([first.log, second.log], [['send'], ['send', 'accept s']]);
  });
});
