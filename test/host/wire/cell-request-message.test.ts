import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isCellRequest } from '../../../host/wire/cell-request-message.ts';
import { readClientMessage } from '../../../host/wire/protocol.ts';

const TERMINATE = { method: 'session/terminate', sessionId: 's', cellId: '1' };
const WAIT_REQUEST = { cell_id: '1', yield_time_ms: 1_000 };
const WAIT = { method: 'session/wait', sessionId: 's', request: WAIT_REQUEST };

function message(operation: unknown, id: unknown = 1): unknown {
  return { type: 'operation/request', id, request: operation };
}

/** Whether the schema accepts it, unchanged: an id beyond the exact numbers makes sure that it is asked. */
function bySchema(operation: unknown): boolean {
  const copy = message(structuredClone(operation), 2n ** 60n);
  assert.equal(isCellRequest(copy), false);
  try {
    assert.deepEqual(readClientMessage(copy), copy);
    return true;
  } catch {
    return false;
  }
}

describe('isCellRequest', () => {
  it('accepts requests of every kind, unchanged', () => {
    for (const good of [
      TERMINATE,
      { ...TERMINATE, maxOutputTokens: null },
      { ...TERMINATE, maxOutputTokens: 0x7fffffff },
      { ...TERMINATE, cellId: '' },
      WAIT,
      { ...WAIT, maxOutputTokens: 0 },
      { ...WAIT, request: { ...WAIT_REQUEST, yield_time_ms: 2 ** 64 } },
    ]) {
      const whole = message(good);
      assert.equal(isCellRequest(whole), true, JSON.stringify(good));
      assert.equal(readClientMessage(whole), whole);
      assert.equal(bySchema(good), true);
    }
  });

  it('accepts nothing that the schema would refuse or change', () => {
    const { cellId, ...unnamed } = TERMINATE;
    const wait = (change: object) => ({ ...WAIT, request: { ...WAIT_REQUEST, ...change } });
    const operations: unknown[] = [
      ...[null, [], 'session/wait', [1, 2, 3]],
      { ...TERMINATE, more: 1 },
      { ...unnamed, more: cellId },
      { ...TERMINATE, method: 'session/shutdown' },
      { ...TERMINATE, cellId: 1 },
      { ...TERMINATE, cellId: 'x'.repeat(1_025) },
      ...[' ', 1, null, 'x'.repeat(1_025)].map((sessionId) => ({ ...TERMINATE, sessionId })),
      ...[-1, 0.5, 2 ** 31, '1'].map((tokens) => ({ ...WAIT, maxOutputTokens: tokens })),
      { ...WAIT, method: 'session/execute' },
      { ...WAIT, request: null },
      { ...WAIT, request: [1, 2] },
      ...[-1, 0.5, 2 ** 65, '1', null].map((time) => wait({ yield_time_ms: time })),
      ...[1, null, 'x'.repeat(1_025)].map((id) => wait({ cell_id: id })),
      wait({ more: 1 }),
    ];
    for (const operation of operations) {
      assert.equal(isCellRequest(message(operation)), false, JSON.stringify(operation));
      assert.equal(bySchema(operation), false, JSON.stringify(operation));
    }
    for (const other of [null, 1, [1, 2, 3], { ...(message(TERMINATE) as object), more: 1 }])
      assert.equal(isCellRequest(other), false);
    for (const id of [1.5, 2 ** 60, '1', null])
      assert.equal(isCellRequest(message(TERMINATE, id)), false);
    const cancel = { type: 'operation/cancel', id: 1, request: TERMINATE };
    assert.equal(isCellRequest(cancel), false);
  });

  it('leaves extensions to the schema', () => {
    const pending = { ...WAIT, request: { ...WAIT_REQUEST, observe: { pending: true } } };
    assert.equal(isCellRequest(message(pending)), false);
    assert.equal(bySchema(pending), true);
  });

  it('agrees with the schema about any values of the fields', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom('session/terminate', 'session/wait', 's', 7, null, WAIT_REQUEST),
    );
    const names = ['method', 'sessionId', 'cellId', 'request', 'maxOutputTokens'];
    const fields = fc.record(Object.fromEntries(names.map((name) => [name, value])), {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(fc.constantFrom(TERMINATE, WAIT), fields, (base, change) => {
        const operation = JSON.parse(JSON.stringify({ ...base, ...change }));
        assert.equal(isCellRequest(message(operation)), bySchema(operation));
      }),
    );
  });
});
