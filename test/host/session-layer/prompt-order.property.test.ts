import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import type { ActiveSession } from '../../../host/session-layer/active-session.ts';
import type { SessionPlace } from '../../../host/session-layer/create-session.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import type { Sandbox } from '../../../src/sandbox.ts';
import { textOf } from '../../support/events.ts';
import { type FakeRun, FakeSandbox } from '../../support/fake-sandbox.ts';
import { settled } from '../../support/gates.ts';
import { sessionPlaces } from '../../support/session-places.ts';

/** The next action of a program, and how many microtasks pass before it; null for a whole turn. */
interface Deed {
  readonly type: 'text' | 'notify' | 'own' | 'other' | 'awaited';
  readonly pause: number | null;
}

const DEEDS = fc.array(
  fc.record<Deed>({
    type: fc.constantFrom('text', 'text', 'text', 'notify', 'own', 'other', 'awaited'),
    pause: fc.constantFrom(0, 0, 0, 1, 2, 5, null),
  }),
  { maxLength: 40 },
);

const OWN = { name: 'own', description: 'the session does it' };
const OTHER = { name: 'other', description: 'the reader does it' };
const FAKE_TOOLS = ['own', 'other'];

/** The program as JavaScript. Each deed is named by its place. */
function sourceOf(deeds: readonly Deed[]): string {
  const lines = deeds.map(({ type, pause }, n) => {
    const wait = 'await null; '.repeat(pause ?? 0);
    const turn = pause === null ? 'await new Promise((go) => setTimeout(go, 0)); ' : '';
    if (type === 'text') return `${wait}${turn}text('${n}');`;
    if (type === 'notify') return `${wait}${turn}notify('${n}');`;
    if (type === 'awaited') return `${wait}${turn}await tools.other('${n}');`;
    return `${wait}${turn}calls.push(tools.${type}('${n}'));`;
  });
  return `const calls = []; ${lines.join('\n')}\nawait Promise.all(calls);`;
}

async function perform(run: FakeRun, deeds: readonly Deed[]): Promise<void> {
  const calls: Promise<unknown>[] = [];
  for (const [n, { type, pause }] of deeds.entries()) {
    if (pause === null) await settled();
    else for (let hop = 0; hop < pause; hop += 1) await undefined;
    if (type === 'text') run.text(`${n}`);
    else if (type === 'notify') void run.notify(`${n}`);
    else if (type === 'awaited') await run.callTool(FAKE_TOOLS.indexOf('other'), `${n}`);
    else calls.push(run.callTool(FAKE_TOOLS.indexOf(type), `${n}`));
  }
  await Promise.all(calls);
  run.end();
}

/** The updates until the prompt has ended and its cell is closed, by the names of the actions. */
async function readAll(session: ActiveSession): Promise<readonly string[]> {
  const names: string[] = [];
  for (;;) {
    const update = await session.readUpdate();
    if (update.type === 'output') names.push(textOf(update.item));
    else if (update.type === 'notification') names.push(update.text);
    else if (update.type === 'tool' || update.type === 'call') {
      names.push(String(update.call.input));
      if (update.type === 'call') update.respond(null);
    } else names.push(update.type);
    if (update.type === 'closed') return names;
  }
}

async function checkOrder(place: SessionPlace, deeds: readonly Deed[], source: string) {
  const builder = new SessionBuilder(place).withTool(OWN, () => null);
  await using session = await builder.start();
  await session.sendPrompt({ source, tools: [OTHER] });
  const names = deeds.map((_, n) => String(n));
  assert.deepEqual(await readAll(session), [...names, 'end', 'closed']);
}

const sandboxes: Readonly<Record<string, readonly [make: () => Sandbox, numRuns: number]>> = {
  'in isolates': [isolateSandbox, 60],
  'in sandbox processes': [processSandbox, 60],
};

describe('The updates of a prompt', { timeout: 120_000 }, () => {
  let deeds: readonly Deed[] = [];
  const fake = new FakeSandbox({
    '': (run) => run.end(),
    play: (run) => {
      run.start();
      void perform(run, deeds);
    },
  });

  it('arrive in program order, whatever the timing', async () => {
    const { places, close } = await sessionPlaces(fake);
    for (const [, place] of places) {
      const check = async (played: readonly Deed[]) => {
        deeds = played;
        await checkOrder(place, played, 'play');
      };
      await fc.assert(fc.asyncProperty(DEEDS, check), { numRuns: 200 });
    }
    await close();
  });

  for (const [where, [make, numRuns]] of Object.entries(sandboxes)) {
    const sandbox = make();
    after(() => sandbox.close());

    it(`arrive in program order if it runs ${where}`, async () => {
      const { places, close } = await sessionPlaces(sandbox);
      for (const [, place] of places) {
        const check = (played: readonly Deed[]) => checkOrder(place, played, sourceOf(played));
        await fc.assert(fc.asyncProperty(DEEDS, check), { numRuns });
      }
      await close();
    });
  }
});
