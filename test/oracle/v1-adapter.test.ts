import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

function frame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

describe('The version 1 adapter', { timeout: 60_000 }, () => {
  it('opens a session, runs a cell that calls a tool, and exits when its input ends', async () => {
    const adapter = fileURLToPath(new URL('../support/v1-adapter.ts', import.meta.url));
    const args = ['--disable-warning=ExperimentalWarning', adapter];
    const host = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const seen: string[] = [];
    let rest = Buffer.alloc(0);
    const answer = (message: { type: string; id: number; result?: { value?: unknown } }) => {
      seen.push(message.type);
      if (message.type === 'delegate/request') {
        const value = { type: 'tool/result', result: 'pong' };
        host.stdin.write(
          frame({ type: 'delegate/response', id: message.id, result: { status: 'ok', value } }),
        );
      }
      if (message.type !== 'execute/initialResponse') return;
      const result = {
        cell_id: '1',
        content_items: [{ type: 'input_text', text: 'pong' }],
        error_text: null,
      };
      assert.deepEqual(message.result?.value, { Result: result });
      host.stdin.end();
    };
    host.stdout.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
        const end = 4 + rest.readUInt32LE(0);
        answer(JSON.parse(rest.subarray(4, end).toString()));
        rest = rest.subarray(end);
      }
    });
    const echo = {
      name: 'echo',
      tool_name: { name: 'echo', namespace: null },
      description: '',
      kind: 'function',
    };
    const request = {
      source: 'text(await tools.echo())',
      enabled_tools: [echo],
      yield_time_ms: 9_000,
    };
    const operations = [{ method: 'session/open' }, { method: 'session/execute', request }];
    host.stdin.write(frame({ type: 'connection/hello' }));
    for (const [at, operation] of operations.entries()) {
      const asked = { ...operation, sessionId: 's' };
      host.stdin.write(frame({ type: 'operation/request', id: at + 1, request: asked }));
    }
    const [code] = await once(host, 'exit');
    assert.equal(code, 0);
    assert.deepEqual(seen, [
      'connection/ready',
      'operation/response',
      'operation/response',
      'delegate/request',
      'execute/initialResponse',
    ]);
  });
});
