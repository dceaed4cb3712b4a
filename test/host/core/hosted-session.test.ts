import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CellOutcome } from '../../../host/core/cell-outcome.ts';
import type { ClosedRule } from '../../../host/core/cell-standing.ts';
import { HostedSession } from '../../../host/core/hosted-session.ts';
import type { CallPasser } from '../../../src/runtime/passed-call.ts';
import { brief } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';

const FAILURE = { kind: 'exception', text: 'Error: no' } as const;
const NEVER = new AbortController().signal;

/** A session without a wire, which keeps its answers as lines. */
function setUp({ closedRule = 'answers-sent' as ClosedRule, truncates = false } = {}) {
  const lines: string[] = [];
  const session = new HostedSession({
    id: 's',
    closedRule,
    truncates,
    onCellClosed: (cellId) => lines.push(`closed ${cellId}`),
  });
  const scripted = new ScriptedSession();
  session.attach(scripted);
  const answering = (name: string) => ({
    started: (cellId: string) => void lines.push(`started ${cellId}`),
    outcome: (make: () => CellOutcome) => void lines.push(`${name} ${brief(make().event)}`),
    fail: (error: unknown) => void lines.push(`${name} failed: ${String(error)}`),
  });
  const execute = (tokens: number | null = null) =>
    session.execute({ source: '' }, tokens, {}, answering('execute'));
  const wait = () => session.wait('1', { yieldAfterMs: 1 }, null, {}, answering('wait'));
  const terminate = () => session.terminate('1', null, answering('terminate'));
  const client: CallPasser = {
    passCall: (_call, passed) => passed.answered(null),
    passNotification: ({ text }, passed) => {
      lines.push(`notified ${text}`);
      passed.answered(undefined);
    },
    cellClosed: (cellId) => void lines.push(`ended ${cellId}`),
  };
  const delegate = session.delegateOver(client);
  return { session, scripted, delegate, lines, execute, wait, terminate };
}

describe('HostedSession without a wire', () => {
  it('reports that a cell has started, its outcome, and that it is closed, in this order', async () => {
    const { session, scripted, delegate, lines, execute } = setUp();
    const executed = execute();
    delegate.cellClosed?.('1');
    session.cellRetired('1');
    await settled();
    scripted.completes();
    await executed;
    assert.deepEqual(lines, ['ended 1', 'started 1', 'execute completed', 'closed 1']);
  });

  it('sends no request to a client before it knows the cell', async () => {
    const { scripted, delegate, lines, execute } = setUp();
    const executed = execute();
    const notified = delegate.notify({ cellId: '1', callId: null, text: 'hi' }, NEVER);
    scripted.completes();
    await Promise.all([executed, notified]);
    assert.deepEqual(lines.slice(0, 2), ['started 1', 'notified hi']);
  });

  it('answers a terminate before the wait that it ends', async () => {
    const { scripted, lines, execute, wait, terminate } = setUp();
    scripted.yields('a');
    await execute();
    const held = Promise.withResolvers<void>();
    const { terminate: ends } = scripted;
    scripted.terminate = async () => {
      await held.promise;
      return ends.call(scripted);
    };
    scripted.observe = async () => ({ type: 'terminated', cellId: '1', items: [] });
    const terminated = terminate();
    const waited = wait();
    await settled();
    assert.deepEqual(lines, ['started 1', 'execute yielded: a']);
    held.resolve();
    await Promise.all([terminated, waited]);
    assert.deepEqual(lines.slice(2), ['terminate terminated: last words', 'wait terminated']);
  });

  it('shows the error after the output, truncated to the budget of the request', async () => {
    const { scripted, lines, execute } = setUp({ truncates: true });
    scripted.completes({ failure: FAILURE });
    await execute();
    assert.equal(lines[1], 'execute completed: Script error:\nError: no (exception)');
    scripted.completes({ items: [{ type: 'input_text', text: 'x'.repeat(100) }] });
    await execute(1);
    assert.match(lines[3] ?? '', /Warning: truncated output \(original token count: 25\)/);
  });

  it('rejects an execute that starts nothing, without an answer', async () => {
    const { scripted, lines, execute } = setUp();
    scripted.execute = () => Promise.reject(new Error('full'));
    await assert.rejects(execute(), /full/);
    assert.deepEqual(lines, []);
  });
});
