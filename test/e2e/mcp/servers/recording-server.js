// Starts a server of standard streams, passes everything on, and notes it in a file: one line of JSON
// for each message, signal, and end of input.
//   node recording-server.js FILE DELAY_MS COMMAND [ARG...]
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const [file, delayMs, command, ...args] = process.argv.slice(2);
const note = (what) => appendFileSync(file, `${JSON.stringify(what)}\n`);

await setTimeout(Number(delayMs));
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
child.stdin.on('error', () => {});
process.stdout.on('error', () => child.stdin.end());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    note({ signal });
    child.kill(signal);
  });
}
createInterface({ input: process.stdin })
  .on('line', (line) => {
    note({ client: JSON.parse(line) });
    child.stdin.write(`${line}\n`);
  })
  .on('close', () => {
    note({ ended: true });
    child.stdin.end();
  });
createInterface({ input: child.stdout }).on('line', (line) => {
  note({ server: JSON.parse(line) });
  process.stdout.write(`${line}\n`);
});
child.on('close', (code) => process.exit(code ?? 1));
