// The least that a host out of process can be: a process that greets, and then passes bytes on to another
// one, unread. That one runs the cells. There are no checks, limits or deadlines, and nothing can be stopped,
// so what this takes is the floor under any host that is made of two such processes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const PREFIX_BYTES = 4;
const READY = JSON.stringify({ type: 'connection/ready', selectedVersion: 1, capabilities: [] });

const engine = spawn(
  process.execPath,
  ['--no-node-snapshot', join(import.meta.dirname, 'bare-engine.js')],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
engine.stdin.on('error', () => {});
engine.stdout.on('data', (chunk) => process.stdout.write(chunk));

// Clients wait for the answer to their greeting before they send more.
process.stdin.once('data', () => {
  const bytes = Buffer.from(`    ${READY}`);
  bytes.writeUInt32LE(bytes.length - PREFIX_BYTES);
  process.stdout.write(bytes);
  process.stdin.on('data', (chunk) => engine.stdin.write(chunk));
});
process.stdin.on('end', () => engine.kill('SIGKILL'));
