import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Both ends of a connection, which last as long as the test. The socket is paused. */
export async function connectedSockets(t: TestContext, kind: 'local' | 'tcp') {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const place: NetConnectOpts =
    kind === 'local' ? { path: join(folder, 'socket') } : { host: '127.0.0.1', port: 0 };
  const server = createServer({ pauseOnConnect: true });
  t.after(() => server.close());
  server.listen(place);
  await once(server, 'listening');
  const address = server.address();
  const peer = connect(typeof address === 'object' ? { port: address!.port } : place);
  const [socket] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    peer.destroy();
    socket.destroy();
  });
  return { peer, socket };
}

/** Resolves when the system has all of it, so that the other end can read it without waiting. */
export function taken(peer: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => peer.write(bytes, () => resolve()));
}
