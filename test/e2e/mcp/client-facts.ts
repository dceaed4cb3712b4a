import type { Scenario } from '../scenario-player.ts';
import { isTool, type RunNeeds, runClient } from './client-run.ts';
import type { ClientCall } from './client-scenarios.ts';

/** What was measured of a client, as cells of a table by the names of their rows. */
export type ClientFacts = Readonly<Record<string, string>>;

/** What is needed of every run. */
export type FactNeeds = Pick<RunNeeds, 'kind' | 'program' | 'signal'>;

const RESULT_LENGTHS = [12_000, 39_000, 60_000, 190_000];
const DELAYS_MS = [4000, 2000, 1000, 500, 0];
const PATIENCE_MS = 70_000;
/** What a client takes to its first call at most. */
const START_MS = 20_000;

/** Measures what the design depends on. Takes up to two minutes. */
export async function measureFacts(needs: FactNeeds): Promise<ClientFacts> {
  return {
    'description of a tool': await descriptionLength(needs),
    'a long text result of `exec`': await resultLengths(needs),
    'gives up a call without progress': await patience(needs),
    'a server may be late by': await lateness(needs),
  };
}

async function descriptionLength(needs: FactNeeds): Promise<string> {
  const { offered } = await runClient({ ...needs, scenarios: [], isBare: true });
  const verbose = offered.find((tool) => isTool(tool, 'verbose'));
  if (verbose === undefined) return 'not offered';
  // Behind what is left of it a client may say that it cut.
  const length = /^Does nothing\. -*/.exec(verbose.description)?.[0].length ?? 0;
  return length < 60_000 ? `cut at ${grouped(length)}` : 'not cut at 60,000';
}

async function resultLengths(needs: FactNeeds): Promise<string> {
  const shown: number[] = [];
  const scenario: Scenario<ClientCall> = {
    name: 'long results',
    *play() {
      for (const length of RESULT_LENGTHS) {
        // One client cuts long lines by rules of its own.
        const source = `text(('~'.repeat(99) + '\\n').repeat(${length / 100}))`;
        const input = { source, max_output_tokens: 100_000 };
        const answers: readonly string[] = yield [{ tool: 'exec', input }];
        const marks = (answers[0] ?? '').split('~').length - 1;
        shown.push(Math.round((marks / 99) * 100));
      }
    },
  };
  await runClient({ ...needs, scenarios: [scenario] });
  return shown.length === 0 ? 'not measured' : resultSummary(RESULT_LENGTHS, shown);
}

/** Says up to where results are whole, and what is left of the next. */
export function resultSummary(lengths: readonly number[], shown: readonly number[]): string {
  const cut = lengths.findIndex((length, at) => (shown[at] ?? 0) < length);
  if (cut < 0) return `${grouped(lengths.at(-1) ?? 0)} characters whole`;
  const left = `${grouped(shown[cut] ?? 0)} of ${grouped(lengths[cut] ?? 0)} characters`;
  return cut === 0 ? left : `${grouped(lengths[cut - 1] ?? 0)} whole, ${left}`;
}

async function patience(needs: FactNeeds): Promise<string> {
  let gaveUpMs: number | undefined;
  const scenario: Scenario<ClientCall> = {
    name: 'patience',
    *play() {
      const begun = performance.now();
      yield [{ tool: 'hang', input: {} }];
      gaveUpMs = performance.now() - begun;
    },
  };
  const limitMs = START_MS + PATIENCE_MS;
  await runClient({ ...needs, scenarios: [scenario], isBare: true, limitMs });
  if (gaveUpMs === undefined) return `not within ${PATIENCE_MS / 1000} s`;
  return `after ${Math.round(gaveUpMs / 1000)} s`;
}

async function lateness(needs: FactNeeds): Promise<string> {
  for (const delayMs of DELAYS_MS) {
    const { offered } = await runClient({ ...needs, scenarios: [], isBare: true, delayMs });
    if (offered.some((tool) => isTool(tool, 'add'))) return `${delayMs / 1000} s`;
  }
  return 'not offered';
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
