import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ActiveSession } from '../../../host/session-layer/active-session.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import type { CallUpdate, SessionUpdate } from '../../../host/session-layer/session-updates.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { rejectsWith, textOf } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { sessionPlaces } from '../../support/session-places.ts';

const sandbox = isolateSandbox();
const { places, close } = await sessionPlaces(sandbox);
after(async () => {
  await close();
  await sandbox.close();
});

const ECHO = { name: 'echo', description: 'says it again' };
const OTHER = [{ name: 'other', description: 'nobody here does it' }];

/** An update in a few words. */
function told(update: SessionUpdate): string {
  switch (update.type) {
    case 'output':
      return `output ${textOf(update.item)}`;
    case 'tool':
    case 'call':
      return `${update.type} ${update.call.tool}`;
    case 'notification':
      return `note ${update.text}`;
    case 'end':
      return `end ${update.end.type}`;
    case 'closed':
      return 'closed';
    case 'gap':
      return `gap ${update.missed}`;
  }
}

/** The updates until a prompt has ended and its cell is closed. */
async function readAll(session: ActiveSession): Promise<readonly string[]> {
  const words: string[] = [];
  const isOver = () => words.includes('closed') && words.some((word) => word.startsWith('end '));
  while (!isOver()) words.push(told(await session.readUpdate()));
  return words;
}

async function readCall(session: ActiveSession): Promise<CallUpdate> {
  for (;;) {
    const update = await session.readUpdate();
    if (update.type === 'call') return update;
  }
}

for (const [where, place] of places) {
  const builder = () => new SessionBuilder(place).withTool(ECHO, ({ input }) => input);

  describe(`An active session ${where}`, () => {
    it('reports everything about a prompt in program order', async () => {
      await using session = await builder().start();
      await session.sendPrompt(`text('a'); notify('b'); text(await tools.echo('c')); text('d')`);
      const words = await readAll(session);
      assert.deepEqual(words, [
        'output a',
        'note b',
        'tool echo',
        'output c',
        'output d',
        'end completed',
        'closed',
      ]);
    });

    it('returns the output of a prompt as a string, with the error that ended it', async () => {
      await using session = await builder().start();
      await session.sendPrompt(`text('one'); text('two')`);
      assert.equal(await session.readToString(), 'one\ntwo');
      await session.sendPrompt(`text('three'); throw new Error('enough')`);
      assert.match(await session.readToString(), /^three\nScript error:\n.*enough/s);
    });

    it('reports a terminated prompt', async () => {
      await using session = await builder().start();
      const cellId = await session.sendPrompt('await new Promise(() => setTimeout(() => {}, 1e6))');
      await session.session.terminate(cellId);
      assert.equal(await session.readToString(), '');
    });

    it('can be read by its start callback, without a deadlock', async () => {
      let read = '';
      await using session = await builder()
        .onSessionStart(async (started) => {
          await started.sendPrompt(`text(await tools.echo('from within'))`);
          read = await started.readToString();
        })
        .start();
      assert.equal(read, 'from within');
      await session.sendPrompt(`text('after')`);
      assert.equal(await session.readToString(), 'after');
    });

    it('is closed if its start callback throws, and reports that error', async () => {
      let started: ActiveSession | undefined;
      const starting = builder()
        .onSessionStart((session) => {
          started = session;
          throw new Error('not like this');
        })
        .start();
      await assert.rejects(starting, /not like this/);
      await rejectsWith(started!.readUpdate(), 'session_closed');
      await rejectsWith(started!.execute({ source: '' }), 'session_closed');
    });

    it('gives calls of tools without a handler to its reader', async () => {
      await using session = await builder().start();
      const source = `
        const all = await Promise.allSettled([tools.other(1), tools.other(2), tools.echo('own')]);
        text(JSON.stringify(all.map(({ value, reason }) => value ?? reason.message)))`;
      const { first } = await session.execute({ source, tools: OTHER });
      const calls = [await readCall(session), await readCall(session)];
      calls[1]!.fail(new Error('no'));
      calls[0]!.respond({ yes: calls[0]!.call.input });
      calls[0]!.respond('again');
      const { items } = await first;
      assert.deepEqual(items.map(textOf), ['[{"yes":1},"no","own"]']);
    });

    it('does not deliver calls that are no longer wanted', async () => {
      await using session = await builder().start();
      const { cellId } = await session.execute({
        source: `notify('started'); await tools.other()`,
        tools: OTHER,
      });
      assert.equal(told(await session.readUpdate()), 'note started');
      await settled();
      await session.session.terminate(cellId);
      assert.equal(told(await session.readUpdate()), 'closed');
    });

    it('refuses such calls while it is read to a string', async () => {
      await using session = await builder().start();
      const source = `text(await tools.other().catch(({ message }) => message))`;
      await session.sendPrompt({ source, tools: OTHER });
      assert.equal(await session.readToString(), 'Cannot call other: the tool has no handler');
    });

    it('loses nothing when a read is aborted', async () => {
      await using session = await builder().start();
      const controller = new AbortController();
      const given = session.readUpdate({ signal: controller.signal });
      controller.abort(new Error('no time'));
      await assert.rejects(given, /no time/);
      await assert.rejects(session.readUpdate({ signal: controller.signal }), /no time/);
      await session.sendPrompt(`text('still there')`);
      assert.equal(await session.readToString(), 'still there');
    });

    it('rejects reads when it is closed, once earlier updates were read', async () => {
      const session = await builder().start();
      await session.sendPrompt(
        `text('last words'); await new Promise(() => setTimeout(() => {}, 1e6))`,
      );
      await new Promise<void>((resolve) => {
        session.subscribe((update) => {
          if (update.type === 'output') resolve();
        });
      });
      await session.close();
      await session.close();
      assert.equal(told(await session.readUpdate()), 'output last words');
      const rest: Promise<SessionUpdate>[] = [];
      for (let n = 0; n < 4; n += 1) rest.push(session.readUpdate());
      const results = await Promise.allSettled(rest);
      assert.equal(results.at(-1)?.status, 'rejected');
      await rejectsWith(session.readUpdate(), 'session_closed');
      await rejectsWith(session.sendPrompt(''), 'session_closed');
    });

    it('is closed when its work has ended, successfully or not', async () => {
      let seen: ActiveSession | undefined;
      const result = await builder().runUntil(async (session) => {
        seen = session;
        await session.sendPrompt(`text('hello')`);
        return session.readToString();
      });
      assert.equal(result, 'hello');
      await rejectsWith(seen!.execute({ source: '' }), 'session_closed');
      const failing = builder().runUntil((session) => {
        seen = session;
        throw new Error('work failed');
      });
      await assert.rejects(failing, /work failed/);
      await rejectsWith(seen!.execute({ source: '' }), 'session_closed');
    });

    it('reaches earlier subscribers from its first update', async () => {
      const words: string[] = [];
      const prepared = builder().prepare();
      const stop = prepared.subscribe((update) => words.push(told(update)));
      prepared.subscribe(() => {
        throw new Error('a bad listener');
      });
      await using session = await prepared.start();
      await rejectsWith(prepared.start(), 'invalid_argument');
      await session.sendPrompt(`text('x')`);
      assert.equal(await session.readToString(), 'x');
      assert.deepEqual(
        words.filter((word) => word !== 'closed'),
        ['output x', 'end completed'],
      );
      stop();
      await session.sendPrompt(`text('y')`);
      assert.equal(await session.readToString(), 'y');
      assert.ok(!words.includes('output y'));
    });

    it('cannot be started once it was disposed', async () => {
      const prepared = builder().prepare();
      prepared[Symbol.dispose]();
      await rejectsWith(prepared.start(), 'invalid_argument');
    });

    it('has the id it was created with', async () => {
      await using session = await builder().start();
      assert.equal(session.sessionId, session.response.sessionId);
      assert.ok(session.sessionId.length > 0);
    });
  });
}
