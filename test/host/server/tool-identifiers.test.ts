import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectWithSession, hostOf, TOOL } from '../../support/v1-peer.ts';

describe('The identifier of a tool whose name is beyond ASCII', () => {
  for (const [who, capabilities, identifier] of [
    ['a client of version 1', [], 'gr__e'],
    ['a client of our own', ['cellhost.cells'], 'größe'],
  ] as const) {
    it(`is ${identifier} for ${who}`, async () => {
      const { host, sandbox } = hostOf();
      const { peer } = await connectWithSession(host, ...capabilities);
      const enabled_tools = [{ ...TOOL, name: 'größe' }];
      await peer.answer(peer.execute('', { enabled_tools }));
      const [offered] = sandbox.last.program.tools;
      assert.equal(offered?.identifier, identifier);
      await peer.close();
    });
  }
});
