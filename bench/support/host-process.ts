import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type HostClient } from '../../host/index.ts';

const BIN = fileURLToPath(new URL('../../bin/codex-code-mode-host.js', import.meta.url));

/** A host process that listens on a Unix socket, and a client of it. */
export interface HostProcess extends AsyncDisposable {
  readonly pid: number;
  readonly client: HostClient;
}

/** Starts a host from the command line; disposing it ends it. */
export async function startHostProcess(): Promise<HostProcess> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-bench-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const flags = ['--listen', `unix:${join(folder, 'host.sock')}`, '--log-level', 'silent'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', BIN, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  opened.defer(async () => {
    child.kill('SIGTERM');
    await exit;
  });
  const [line] = await once(child.stdout, 'data');
  const client = opened.use(await connect(String(line).trim()));
  const resources = opened.move();
  return { pid: child.pid!, client, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
