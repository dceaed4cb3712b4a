import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMcpEndpoint } from '../../../host/cli/mcp-endpoint.ts';

describe('parseMcpEndpoint', () => {
  it('reads standard streams and addresses', () => {
    assert.deepEqual(parseMcpEndpoint('stdio', false), { type: 'stdio' });
    for (const text of ['http:127.0.0.1:80', 'http://127.0.0.1:80', 'http://127.0.0.1:80/']) {
      assert.deepEqual(parseMcpEndpoint(text, false), {
        type: 'http',
        host: '127.0.0.1',
        port: 80,
        isLoopback: true,
      });
    }
    assert.equal(parseMcpEndpoint('http:[::1]:0', false).type, 'http');
  });

  it('wants a token where others than this machine can connect', () => {
    for (const text of ['http:0.0.0.0:80', 'http:[::]:80', 'http:example.com:80']) {
      assert.throws(() => parseMcpEndpoint(text, false), {
        code: 'invalid_config',
        message: /--token-file is needed$/,
      });
      assert.equal(parseMcpEndpoint(text, true).type, 'http');
    }
  });

  it('refuses everything else by what is accepted', () => {
    for (const text of ['', 'tcp:127.0.0.1:80', 'http:80', 'https://127.0.0.1:80', 'http:a:b']) {
      assert.throws(() => parseMcpEndpoint(text, true), {
        code: 'invalid_config',
        message: /accepted are stdio and http:HOST:PORT$/,
      });
    }
  });
});
