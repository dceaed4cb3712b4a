import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_HOST_LIMITS, type HostLimits } from '../../../host/core/host-limits.ts';
import { SessionFactory } from '../../../host/core/session-factory.ts';
import type { SessionLimits } from '../../../src/limits.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

const SILENT = { info() {}, warn() {} };
const TOOL = { name: 'stubborn', description: '' };
/** A call with an argument of 200 units takes 512 bytes and two for each unit of JSON. */
const TEXT = 'x'.repeat(200);

function setUp(limits: Partial<HostLimits>) {
  const sandbox = new FakeSandbox();
  const factory = new SessionFactory(sandbox, { ...DEFAULT_HOST_LIMITS, ...limits }, SILENT);
  /** What was done to the reading from clients. */
  const readings: string[] = [];
  const open = (holder: string, own: Partial<SessionLimits> = {}) =>
    factory.open({
      id: 'id',
      holder,
      reading: {
        pause: () => void readings.push(`pause ${holder}`),
        resume: () => void readings.push(`resume ${holder}`),
      },
      delegate: new ScriptedDelegate(),
      settings: { limits: own },
      maxYieldAfterMs: null,
      yieldsWhileDraining: true,
      asciiToolNames: false,
      onRetired: () => {},
    }).session;
  /** Starts a cell in a new session. */
  const begin = async (holder: string) => {
    const session = open(holder, { maxPendingBytes: Number.POSITIVE_INFINITY });
    await session.execute({ source: '', tools: [TOOL] });
    const run = sandbox.last;
    run.start();
    return { session, run };
  };
  return { factory, sandbox, open, begin, readings };
}

describe('What waits in the sessions of a host', () => {
  for (const [limit, others] of [
    ['maxHostPendingBytes', ['one', 'other']],
    ['maxConnectionPendingBytes', ['one', 'one']],
  ] as const) {
    it(`is bounded by ${limit}, whatever limits a client gives its sessions`, async () => {
      const { begin } = setUp({ [limit]: 2_000 });
      const [a, b] = [await begin(others[0]), await begin(others[1])];
      void a.run.callTool(0, TEXT);
      void a.run.callTool(0, TEXT);
      const { ok, text } = await b.run.callTool(0, TEXT);
      assert.equal(ok, false);
      assert.match(text, new RegExp(`2000 bytes \\(${limit}\\)`));
      await a.session.close();
      void b.run.callTool(0, TEXT);
      const over = await Promise.race([b.run.callTool(0, TEXT), Promise.resolve('it waits')]);
      assert.equal(over, 'it waits');
    });
  }

  it('of one connection leaves others their room', async () => {
    const { begin } = setUp({ maxConnectionPendingBytes: 1_000 });
    const [a, b] = [await begin('one'), await begin('other')];
    void a.run.callTool(0, TEXT);
    assert.match((await a.run.callTool(0, TEXT)).text, /maxConnectionPendingBytes/);
    const waits = await Promise.race([b.run.callTool(0, TEXT), Promise.resolve('it waits')]);
    assert.equal(waits, 'it waits');
  });
});

describe('What is looked at before it is a result', () => {
  const MIB = 1 << 20;

  it('keeps its client from being read while there is much of it', async () => {
    const { factory, open, readings } = setUp({});
    open('one');
    open('other');
    const gates = [10, 30, 40].map((mib) => ({ mib, ...Promise.withResolvers<void>() }));
    for (const { promise, mib } of gates) factory.countWhile(promise, mib * MIB, 'one');
    factory.countWhile(Promise.resolve(), 31 * MIB, 'other');
    assert.deepEqual(readings, ['pause one']);
    gates[2]!.resolve();
    await gates[2]!.promise;
    assert.deepEqual(readings, ['pause one']);
    gates[1]!.resolve();
    await gates[1]!.promise;
    assert.deepEqual(readings, ['pause one', 'resume one']);
  });

  it('counts no longer than its session, and may end later', async () => {
    const { factory, open, readings } = setUp({});
    open('one');
    const { promise, resolve } = Promise.withResolvers<void>();
    factory.countWhile(promise, 40 * MIB, 'one');
    factory.closed('one');
    open('one');
    factory.countWhile(Promise.resolve(), MIB, 'one');
    assert.deepEqual(readings, ['pause one']);
    resolve();
    await promise;
    assert.deepEqual(readings, ['pause one', 'resume one']);
    factory.countWhile(Promise.resolve(), 40 * MIB, 'nobody');
    assert.deepEqual(readings, ['pause one', 'resume one']);
  });
});

describe('A session that cannot be opened', () => {
  it('is not counted', () => {
    const { factory, open } = setUp({ maxSessions: 1 });
    for (let round = 0; round < 3; round += 1) {
      assert.throws(() => open('one', { maxLiveCells: -1 }), { code: 'invalid_argument' });
    }
    assert.equal(factory.count, 0);
    open('two');
    assert.throws(() => open('one'), /too many sessions: .*: two holds 1$/);
  });
});

describe('The first session of a host', () => {
  it('goes on where the sandbox was tried, and no other does', async () => {
    const { factory, sandbox, begin } = setUp({});
    const [tried] = sandbox.runs;
    const [first, second] = [await begin('one'), await begin('one')];
    assert.equal(first.run.session, tried!.session);
    assert.notEqual(second.run.session, tried!.session);
    tried!.start();
    tried!.end();
    await factory.ready;
    assert.deepEqual(sandbox.released, []);
    await first.session.close();
    assert.deepEqual(new Set(sandbox.released), new Set([tried!.session]));
  });

  it('does so if it comes after that, when its place was released', async () => {
    const { factory, sandbox, begin } = setUp({});
    const [tried] = sandbox.runs;
    tried!.start();
    tried!.end();
    await factory.ready;
    assert.deepEqual(sandbox.released, [tried!.session]);
    assert.equal((await begin('one')).run.session, tried!.session);
  });
});
