import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect, Host, listen } from '../../host/index.ts';
import { processSandbox } from '../../sandbox/cellhost.ts';
import { ScriptedDelegate } from '../support/scripted-delegate.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellhost-listen-'));
after(() => rmSync(folder, { recursive: true }));

describe('A host in a program of its own', () => {
  for (const url of [`unix:${join(folder, 'socket')}`, 'tcp:127.0.0.1:0', 'ws://127.0.0.1:0']) {
    it(`serves what listens at ${url.split(':')[0]}`, async () => {
      await using sandbox = processSandbox();
      await using host = new Host({ sandbox });
      await using listener = await listen(url, {
        onConnection: (transport) => void host.serve(transport),
      });
      await using client = await connect(listener.url);
      const session = await client.openSession({ delegate: new ScriptedDelegate() });
      const { items } = await session.run('text(6 * 7)');
      assert.deepEqual(items, [{ type: 'input_text', text: '42' }]);
    });
  }

  it('is told what cannot be listened at', async () => {
    const onConnection = () => assert.fail('nobody connects');
    await assert.rejects(listen('http://127.0.0.1:0', { onConnection }), {
      code: 'invalid_config',
      message: /HTTP is not spoken here/,
    });
  });
});
