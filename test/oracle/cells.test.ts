import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CellsHost } from './cells-host.ts';
import { comparable, readRecorded } from './recorded-answers.ts';

interface Recorded {
  readonly sources: readonly string[];
  readonly events: readonly unknown[];
  readonly results: readonly unknown[];
}

const CELLS = readRecorded('oracle-cells.json') as Readonly<Record<string, Recorded>>;
/** Cells that are deliberately answered differently; see `docs/oracle.md`. */
const BETTER = new Set(['as-settled-src', 'fn-names', 'fn-tostring']);
/** Sessions that cells share, in turn. */
const SHARED = 4;
const LIMIT_MS = 10_000;

/** Cells that store values get a separate session, like the recorded ones. */
const storesValues = ({ sources }: Recorded) =>
  sources.some((source) => /\b(?:store|load)\b/.test(source));

const withoutCellId = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inside: unknown) => (key === 'cell_id' ? undefined : inside)),
  );

describe('The recorded answers of the reference engine, from one served host', () => {
  const controller = new AbortController();
  const host = new CellsHost(controller.signal);
  before(async () => {
    for (let number = 0; number < SHARED; number += 1) await host.open(`shared ${number}`);
  });
  after(() => host[Symbol.asyncDispose]());

  const names = Object.keys(CELLS).filter((name) => !BETTER.has(name));
  for (const [index, name] of names.entries()) {
    const recorded = CELLS[name]!;
    const ownSession = storesValues(recorded);
    const sessionId = ownSession ? name : `shared ${index % SHARED}`;
    it(`${name}: ${JSON.stringify(recorded.sources).slice(0, 80)}`, {
      timeout: LIMIT_MS,
    }, async () => {
      if (ownSession) await host.open(sessionId);
      const events = host.record();
      const results = [];
      for (const source of recorded.sources) {
        results.push(withoutCellId(await host.execute(sessionId, source)));
      }
      assert.deepEqual(comparable(results), comparable(recorded.results));
      assert.deepEqual(events, recorded.events);
    });
  }

  it('exits cleanly when its input ends', { timeout: LIMIT_MS }, async () => {
    assert.equal(await host.end(), 0);
  });
});
