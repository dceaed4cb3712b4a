import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ActiveSession } from '../../../host/session-layer/active-session.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import type { SessionUpdate } from '../../../host/session-layer/session-updates.ts';
import { MAX_UNREAD } from '../../../host/session-layer/update-reader.ts';
import { textOf } from '../../support/events.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';
import { settled } from '../../support/gates.ts';

/** A session whose prompts output this many numbers. */
async function showing(count: number) {
  const sandbox = new FakeSandbox({
    count: (run) => {
      run.start();
      for (let n = 0; n < count; n += 1) run.text(`${n}`);
      run.end();
    },
  });
  const session = await new SessionBuilder({ sandbox }).start();
  await session.sendPrompt('count');
  await settled();
  return session;
}

/** The updates until a prompt has ended. */
async function readTexts(session: ActiveSession): Promise<readonly string[]> {
  const texts: string[] = [];
  for (;;) {
    const update: SessionUpdate = await session.readUpdate();
    assert.notEqual(update.type, 'gap');
    if (update.type === 'output') texts.push(textOf(update.item));
    if (update.type === 'end') return texts;
  }
}

describe('The output of a prompt that is not read', () => {
  it('stays with its cell when the reader is full, and none of it is lost', async () => {
    await using session = await showing(MAX_UNREAD + 100);
    const texts: string[] = [];
    for (;;) {
      const update: SessionUpdate = await session.readUpdate();
      assert.notEqual(update.type, 'gap');
      if (update.type === 'output') texts.push(textOf(update.item));
      if (update.type === 'end') break;
    }
    assert.deepEqual(
      texts,
      Array.from({ length: MAX_UNREAD + 100 }, (_, n) => `${n}`),
    );
  });

  it('is delivered completely, however large, although most of its events are dropped', async () => {
    await using session = await showing(5 * MAX_UNREAD);
    const texts = await readTexts(session);
    assert.equal(texts.length, 5 * MAX_UNREAD);
    assert.deepEqual(
      texts,
      texts.map((_, n) => `${n}`),
    );
  });
});
