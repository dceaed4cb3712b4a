import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { ScriptedCreation } from '../../support/scripted-creation.ts';
import { WordRouter } from '../../support/word-router.ts';

const UNREADABLE = { message: 'Cannot understand the answer' };

describe('claimCreated, with an id that the peer assigns', () => {
  it('C15 delivers items that came before the answer, and with it', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    const { log } = creation.reader;
    creation.onAccept = () => assert.deepEqual(log, [], 'accepted before anything is delivered');
    const creating = creation.start(rig.router);
    rig.send('s', 'a', '?b');
    assert.equal(await isSettled(creating), false);
    creation.answer({ id: 's', url: 'https://host/s' });
    rig.send('s', 'c');
    assert.deepEqual(log, ['a', '?b', 'c']);
    const { answer, registration } = await creating;
    assert.deepEqual(
      [answer.url, registration.id, registration.active],
      ['https://host/s', 's', true],
    );
    await settled();
    assert.equal(rig.router.stats.guards, 0);
    assertNoListeners(creation.controller.signal);
    assert.deepEqual(creation.log, ['send', 'accept s']);
  });

  it('C15 fails with the error of sending, and answers requests that waited', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    const creating = creation.start(rig.router);
    rig.send('s', '?a');
    creation.fail(new Error('refused'));
    await assert.rejects(creating, { message: 'refused' });
    assert.equal(rig.kindOf('a'), 'pendingEnded');
    assert.deepEqual([creation.log, creation.leaks], [['send'], []]);
  });

  it('C15 fails if there is no answer at all', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    const creating = creation.start(rig.router);
    creation.end();
    await assert.rejects(creating, { code: 'peer_failed' });
    assert.equal(rig.router.stats.guards, 0);
  });

  it('C15 destroys a creation with a malformed answer, once, and then releases the guard', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    const { promise, resolve } = Promise.withResolvers<void>();
    creation.destroying = () => promise;
    const creating = creation.start(rig.router);
    rig.send('s', '?a');
    creation.answer({ id: 's', odd: true });
    creation.answer({ id: 's' });
    assert.equal(await isSettled(creating), false);
    assert.equal(rig.router.stats.guards, 1);
    assert.equal(
      rig.kindOf('a'),
      'sessionClosed',
      'destroying must not wait for what waits for us',
    );
    assert.deepEqual(rig.send('s', '?straggler'), ['closed']);
    resolve();
    await assert.rejects(creating, UNREADABLE);
    assert.equal(rig.router.stats.guards, 0);
    assert.deepEqual(creation.log, ['send', 'destroy s']);
    assert.deepEqual(creation.leaks, []);
  });

  it('C15 fails with the first error if destroying fails too', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    creation.destroying = () => Promise.reject(new Error('no'));
    const creating = creation.start(rig.router);
    creation.answer({ id: 's', odd: true });
    await assert.rejects(creating, UNREADABLE);
    assert.deepEqual([creation.leaks, rig.router.stats.guards], [['s'], 0]);
  });

  it('C15 reports a leak if no id can be found', async () => {
    for (const result of [{ odd: true }, null]) {
      const rig = new WordRouter();
      const creation = new ScriptedCreation();
      const creating = creation.start(rig.router);
      rig.send('s', '?a');
      creation.answer(result);
      await assert.rejects(creating, UNREADABLE);
      assert.deepEqual([creation.leaks, creation.log], [[undefined], ['send']]);
      assert.equal(rig.kindOf('a'), 'pendingEnded');
    }
  });

  it('C15 does not destroy what has another owner', async () => {
    const rig = new WordRouter();
    const reader = rig.reader('live');
    for (const result of [{ id: 'live', odd: true }, { id: 'live' }]) {
      const creation = new ScriptedCreation();
      const creating = creation.start(rig.router);
      creation.answer(result);
      await assert.rejects(creating);
      assert.ok(!creation.log.includes('destroy live'));
    }
    assert.deepEqual([rig.send('live', 'a'), reader.log], [['delivered'], ['a']]);
  });

  it('C15 destroys a creation that is not accepted', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    creation.onAccept = () => assert.fail('unwanted');
    const creating = creation.start(rig.router);
    creation.answer({ id: 's' });
    await assert.rejects(creating, { message: 'unwanted' });
    assert.deepEqual(creation.log, ['send', 'accept s', 'destroy s']);
    assert.equal(rig.router.isLive('s'), false);
  });

  it('C15 keeps two creations apart when one of them fails', async () => {
    for (const order of ['fails first', 'fails last']) {
      const rig = new WordRouter();
      const [good, bad] = [new ScriptedCreation(), new ScriptedCreation()];
      const [creating, failing] = [good.start(rig.router), bad.start(rig.router)];
      rig.send('good', 'a', '?b');
      rig.send('bad', '?x');
      if (order === 'fails first') bad.fail(new Error('refused'));
      await settled();
      assert.equal(rig.replies.size, 0, 'nobody knows yet whose that is');
      good.answer({ id: 'good' });
      bad.fail(new Error('refused'));
      await creating;
      await assert.rejects(failing, { message: 'refused' });
      assert.deepEqual(good.reader.log, ['a', '?b']);
      assert.equal(rig.kindOf('x'), 'pendingEnded');
      assert.deepEqual(rig.send('good', 'c'), ['delivered']);
    }
  });

  it('C15 rejects at once when the caller gives up, and destroys what is still created', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    const creating = creation.start(rig.router);
    rig.send('s', '?a');
    const reason = new Cancelled('terminate');
    creation.controller.abort(reason);
    await assert.rejects(creating, reason);
    assert.equal(rig.router.stats.guards, 1);
    creation.answer({ id: 's' });
    await settled();
    assert.deepEqual(creation.log, ['send', 'destroy s']);
    assert.deepEqual([rig.router.stats.guards, rig.router.isLive('s')], [0, false]);
    assert.equal(rig.kindOf('a'), 'sessionClosed');
    assert.deepEqual(creation.reader.log, []);
  });

  it('C15 destroys nothing if the peer answers an aborted creation with an error', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    const creating = creation.start(rig.router);
    creation.controller.abort(new Cancelled('terminate'));
    await assert.rejects(creating);
    creation.fail(new Error('refused'));
    await settled();
    assert.deepEqual([creation.log, rig.router.stats.guards], [['send'], 0]);
  });

  it('C15 sends nothing if the signal has aborted before', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    creation.controller.abort(new Cancelled('terminate'));
    await assert.rejects(creation.start(rig.router), { name: 'AbortError' });
    assert.deepEqual([creation.log, rig.router.stats.guards], [[], 0]);
  });

  it('C15 resolves for a caller that gives up at the moment of the answer', async () => {
    for (const askedId of [undefined, 's']) {
      const rig = new WordRouter();
      const creation = new ScriptedCreation(askedId);
      const creating = creation.start(rig.router);
      creation.answer({ id: 's' });
      creation.controller.abort(new Cancelled('terminate'));
      const { registration } = await creating;
      await settled();
      assert.equal(registration.active, true);
      assert.deepEqual(creation.log, ['send', 'accept s']);
    }
  });

  it('C15 leaves nothing behind when the connection is lost', async () => {
    const lost = new Error('lost');
    for (const askedId of [undefined, 's']) {
      const rig = new WordRouter();
      const creation = new ScriptedCreation(askedId);
      const creating = creation.start(rig.router);
      rig.router.close(lost);
      creation.fail(lost);
      await assert.rejects(creating, lost);
      await assert.rejects(new ScriptedCreation(askedId).start(rig.router), lost);
      assert.deepEqual([creation.log, rig.router.stats.liveIds], [['send'], 0]);
      assertNoListeners(creation.controller.signal);
    }
  });

  it('C15 fails with the first error if the connection is lost after it', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation();
    const creating = creation.start(rig.router);
    creation.onAccept = () => {
      rig.router.close(new Error('lost'));
      creation.fail(new Error('lost as well'));
    };
    creation.answer({ id: 's' });
    await assert.rejects(creating, { message: 'lost' });
    assert.deepEqual(creation.log, ['send', 'accept s'], 'nobody is there to destroy it');
  });

  it('C12 finishes if the peer waits for an answer before it gives its own', async () => {
    const rig = new WordRouter();
    const creation = new ScriptedCreation(undefined, {
      early: (request) => {
        request.reply({ result: 'the file' });
        return true;
      },
    });
    rig.onReply = () => creation.answer({ id: 's' });
    const creating = creation.start(rig.router);
    assert.deepEqual(rig.send('s', 'a', '?file'), ['buffered', 'served-early']);
    await creating;
    assert.deepEqual(creation.reader.log, ['a']);
  });
});
