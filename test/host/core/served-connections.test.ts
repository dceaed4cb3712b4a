import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServedConnections } from '../../../host/core/served-connections.ts';

const LOG = { info() {}, warn() {} };

/** A connection of some wire. */
function connectionOf(peer: string) {
  const ended = Promise.withResolvers<Error | null>();
  const failures: string[] = [];
  const connection = {
    peer,
    close: async () => ended.resolve(null),
    fail: (error: Error) => void failures.push(error.message),
  };
  return { connection, ended, failures };
}

describe('ServedConnections', () => {
  it('counts the connections of all wires together, and refuses one that exceeds the limit', async () => {
    const connections = new ServedConnections(2, LOG);
    const clients = ['json', 'grpc', 'mcp'].map(connectionOf);
    const served = clients.map(({ connection, ended }) =>
      connections.serve(connection, () => ended.promise),
    );
    assert.equal(connections.size, 2);
    assert.match((await served[2])?.message ?? '', /the host has 2 connections \(maxConnections\)/);
    assert.deepEqual(
      clients.map(({ failures }) => failures.length),
      [0, 0, 1],
    );
    clients[0]?.ended.resolve(new Error('broken'));
    assert.equal((await served[0])?.message, 'broken');
    assert.equal(connections.size, 1);
  });

  it('closes every connection, and refuses later ones', async () => {
    const connections = new ServedConnections(2, LOG);
    const [first, late] = [connectionOf('first'), connectionOf('late')];
    const served = connections.serve(first.connection, () => first.ended.promise);
    await connections.close();
    assert.equal(await served, null);
    const refused = await connections.serve(late.connection, () => late.ended.promise);
    assert.equal(refused?.message, 'Cannot connect: the host is closing');
    assert.deepEqual(late.failures, [refused?.message]);
  });
});
