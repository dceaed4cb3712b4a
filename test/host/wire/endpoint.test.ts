import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Endpoint,
  endpointUrl,
  isLoopback,
  parseConnectEndpoint,
  parseListenEndpoint,
} from '../../../host/wire/endpoint.ts';
import { CodeModeError } from '../../../src/errors.ts';

const GOOD: readonly (readonly [string, Endpoint])[] = [
  ['stdio', { type: 'stdio' }],
  ['stdio://', { type: 'stdio' }],
  ['unix:/run/host.sock', { type: 'unix', path: '/run/host.sock' }],
  ['unix:///run/host.sock', { type: 'unix', path: '/run/host.sock' }],
  ['UNIX:a b@c?#', { type: 'unix', path: 'a b@c?#' }],
  ['unix:/one:two', { type: 'unix', path: '/one:two' }],
  ['tcp:127.0.0.1:80', { type: 'tcp', host: '127.0.0.1', port: 80 }],
  ['tcp://localhost:65535', { type: 'tcp', host: 'localhost', port: 65_535 }],
  ['tcp:[::1]:8080', { type: 'tcp', host: '::1', port: 8_080 }],
  ['ws:0.0.0.0:1', { type: 'ws', host: '0.0.0.0', port: 1 }],
  ['ws://host.example:9000', { type: 'ws', host: 'host.example', port: 9_000 }],
  ['ws://[2001:db8::1]:9000/', { type: 'ws', host: '2001:db8::1', port: 9_000 }],
];

const BAD: readonly (readonly [string, RegExp])[] = [
  ['', /no such scheme/],
  ['stdin', /no such scheme/],
  ['STDIO', /no such scheme/],
  ['stdio:/', /no such scheme/],
  ['constructor://x:1', /no such scheme/],
  ['/run/host.sock', /no such scheme/],
  ['grpc://1.2.3.4:5', /gRPC is not spoken here; use ws:\/\/HOST:PORT/],
  ['grpc+stdio://', /gRPC is not spoken here; use stdio/],
  ['http://localhost:80', /HTTP is not spoken here; use ws:/],
  ['HTTPS://localhost:80', /HTTPS is not spoken here; use ws:/],
  ['wss://localhost:80', /TLS is not spoken here; use ws:/],
  ['unix:', /names no path/],
  ['unix://', /names no path/],
  ['unix://run/host.sock', /begins with \//],
  ['unix:/a\0b', /zero byte/],
  ['tcp:', /HOST:PORT is wanted/],
  ['tcp:80', /HOST:PORT is wanted/],
  ['tcp::80', /HOST:PORT is wanted/],
  ['tcp:localhost', /HOST:PORT is wanted/],
  ['tcp:localhost:', /HOST:PORT is wanted/],
  ['tcp:localhost:x', /HOST:PORT is wanted/],
  ['tcp:localhost:-1', /HOST:PORT is wanted/],
  ['tcp:localhost:65536', /a port of 0 to 65535/],
  ['tcp:::1:80', /IPv6 address in brackets/],
  ['tcp:[localhost]:80', /IPv6 address in brackets/],
  ['tcp:[fe80::1%eth0]:80', /HOST:PORT is wanted/],
  ['ws://a b:1', /HOST:PORT is wanted/],
  ['ws://localhost:1//', /no user, path or query/],
  ['ws://localhost:1/path', /no user, path or query/],
  ['ws://localhost:1#x', /no user, path or query/],
];

describe('Endpoints', () => {
  for (const [text, endpoint] of GOOD) {
    it(`read ${text}`, () => {
      assert.deepEqual(parseListenEndpoint(text), endpoint);
      assert.deepEqual(parseConnectEndpoint(text), endpoint);
      assert.deepEqual(parseListenEndpoint(endpointUrl(endpoint)), endpoint);
    });
  }

  for (const [text, why] of BAD) {
    it(`refuse ${JSON.stringify(text)} and name what is accepted`, () => {
      for (const parse of [parseListenEndpoint, parseConnectEndpoint]) {
        assert.throws(
          () => parse(text),
          (error) => {
            assert.ok(error instanceof CodeModeError);
            assert.equal(error.code, 'invalid_config');
            assert.match(error.message, why);
            assert.match(error.message, /stdio, unix:PATH, tcp:HOST:PORT and ws:\/\/HOST:PORT$/);
            return true;
          },
        );
      }
    });
  }

  it('accept port 0 for listening, not for connecting', () => {
    assert.deepEqual(parseListenEndpoint('ws:localhost:0'), {
      type: 'ws',
      host: 'localhost',
      port: 0,
    });
    assert.throws(
      () => parseConnectEndpoint('tcp:localhost:0'),
      /connect to .*port 0 is not a valid target/,
    );
  });

  it('never repeat a possible secret', () => {
    for (const text of [
      'ws://secret:secret@host:1',
      'ws:secret@host:1',
      'http://secret:sec@ret@host/',
      'ws://host:1/?token=secret',
      'ws://host:1#secret\n@secret',
      'nothing://secret@x?secret',
    ]) {
      assert.throws(
        () => parseListenEndpoint(text),
        (error) => {
          assert.doesNotMatch(String(error), /secret|sec@|ret@/);
          return true;
        },
      );
    }
  });

  it('refuse anything else with the same error, however long (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        try {
          parseListenEndpoint(`ws:${text}`);
        } catch (error) {
          assert.ok(error instanceof CodeModeError);
          assert.ok(error.message.length < 2_000);
        }
      }),
    );
  });

  it('recognise what only this machine can reach', () => {
    const near = ['127.0.0.1', '127.9.9.9', '::1', '0:0::1', '::ffff:127.0.0.1', 'LocalHost'];
    const far = [
      '0.0.0.0',
      '::',
      '10.0.0.1',
      '127.1',
      '2130706433',
      'localhost.example',
      '::2',
      '',
    ];
    assert.deepEqual(near.filter(isLoopback), near);
    assert.deepEqual(far.filter(isLoopback), []);
  });
});
