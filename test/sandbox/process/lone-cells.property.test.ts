import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { endWithParent } from '../../../sandbox/process/end-with-parent.ts';
import {
  type HostSandboxOptions,
  ProcessSandbox,
} from '../../../sandbox/process/process-sandbox.ts';
import { recordedSession, textsOf } from '../../support/finished-cell.ts';
import { untilGone } from '../../support/processes.ts';

const LONG = { yieldAfterMs: 60_000 } as const;
/** Much longer than any of these programs takes, and much shorter than one that spins. */
const BOUND_MS = 10_000;

/** What programs do after they have said who they are. `true`: they end by themselves. */
const KINDS = {
  'ends at once': ['', true],
  computes: ['for (const until = Date.now() + 20; Date.now() < until; );', true],
  calls: ['for (let n = 0; n < 20; n += 1) await tools.echo({ n });', true],
  'calls many tools': [
    'await Promise.all(Array.from({ length: 200 }, (_, n) => tools.echo(n)));',
    true,
  ],
  'waits for a timer': ['await new Promise((go) => setTimeout(go, 5));', true],
  throws: ['throw new Error("planned");', true],
  exits: ['exit();', true],
  spins: ['yield_control(); for (;;);', false],
  'spins after a call': ['yield_control(); await tools.echo(1); for (;;);', false],
  'spins in a timer': [
    'yield_control(); setTimeout(() => { for (;;); }, 1); await tools.never();',
    false,
  ],
  waits: ['yield_control(); await tools.never();', false],
} as const;

const WAYS: readonly (readonly [string, HostSandboxOptions])[] = [
  ['left alone by processes that say when', { aloneAfter: 1 }],
  ['left alone at once', { endWithHost: endWithParent() }],
];

type Kind = keyof typeof KINDS;

const kinds = fc.constantFrom(...(Object.keys(KINDS) as Kind[]));
/** A program that comes, after so many milliseconds. Those that do not end are killed when two more have come. */
const plays = fc.array(fc.record({ kind: kinds, afterMs: fc.constantFrom(0, 0, 2, 12) }), {
  minLength: 4,
  maxLength: 12,
});

describe('Cells that come, compute, wait, spin, end and are killed', { timeout: 120_000 }, () => {
  for (const [how, options] of WAYS) {
    it(`run once each, and none waits for one that spins, ${how}`, async () => {
      const sandbox = new ProcessSandbox(options);
      await fc.assert(
        fc.asyncProperty(plays, async (play) => {
          const { session } = recordedSession(sandbox);
          const endless: { readonly cellId: string; readonly said: Promise<void> }[] = [];
          const terminate = async () => {
            const next = endless.shift();
            if (next === undefined) return;
            await inTime(next.said, 'an endless program did not start');
            assert.equal((await session.terminate(next.cellId)).type, 'terminated');
          };
          const ended: Promise<void>[] = [];
          for (const [at, { kind, afterMs }] of play.entries()) {
            if (afterMs > 0) await setTimeout(afterMs);
            const [rest, ends] = KINDS[kind];
            const source = `text(${at}); ${rest}`;
            const { cellId, first } = await session.execute({ source, observe: LONG });
            const said = first.then((event) => {
              assert.equal(event.type, ends ? 'completed' : 'yielded', kind);
              assert.ok(event.type === 'completed' || event.type === 'yielded');
              assert.deepEqual(textsOf(event.items), [String(at)], kind);
              const failure = event.type === 'completed' ? event.failure : null;
              assert.equal(
                failure?.kind,
                kind === 'throws' ? 'exception' : undefined,
                String(failure?.text),
              );
            });
            if (ends) ended.push(said);
            else endless.push({ cellId, said });
            if (endless.length > 2) await terminate();
          }
          await inTime(Promise.all(ended), 'a program waited for one that spins');
          while (endless.length > 0) await terminate();
          await session.close();
        }),
        { numRuns: 8, endOnFailure: true },
      );
      const { pids } = sandbox;
      await sandbox.close();
      for (const pid of pids) await untilGone(pid);
    });
  }
});

async function inTime(promise: Promise<unknown>, otherwise: string): Promise<void> {
  const aborter = new AbortController();
  const late = setTimeout(BOUND_MS, undefined, aborter).then(() => assert.fail(otherwise));
  late.catch(() => {});
  try {
    await Promise.race([promise, late]);
  } finally {
    aborter.abort();
  }
}
