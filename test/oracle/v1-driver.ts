import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { HostHello } from '../../host/wire/handshake.ts';
import type { ClientMessage, DelegateResult, HostMessage } from '../../host/wire/protocol.ts';

/** What the recorded host was asked for in its hello, where a recording says nothing else. */
export const CAPABILITIES: readonly string[] = [
  'session-cell-execution-resource-limits',
  'yield-observation',
  'bounded-output-v1',
  'delegate-capacity-4096',
];

const PROGRAM = fileURLToPath(new URL('../../bin/codex-code-mode-host.js', import.meta.url));
const ARGUMENTS = ['--disable-warning=ExperimentalWarning', PROGRAM, '--log-level', 'silent'];
/** Most of a start is compiling; the hosts of a test file share what was compiled. */
const COMPILED = mkdtempSync(join(tmpdir(), 'cellhost-oracle-'));
process.once('exit', () => rmSync(COMPILED, { recursive: true, force: true }));
const LENGTH_BYTES = 4;
const EMPTY: Buffer = Buffer.alloc(0);

/** A message with the length before it that the wire wants. */
export function frame(body: string): Buffer {
  const head = Buffer.alloc(LENGTH_BYTES);
  head.writeUInt32LE(Buffer.byteLength(body));
  return Buffer.concat([head, Buffer.from(body)]);
}

/** A served host in a process of its own, and the pipes to it. */
export class V1Driver implements AsyncDisposable {
  /** Settles when the process is gone and all it wrote was read: its exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #onMessage: (message: HostMessage | HostHello) => void;
  #unread = EMPTY;

  /**
   * @param onMessage Called for each message of the host, in order.
   * @param signal Kills the process.
   */
  constructor(onMessage: (message: HostMessage | HostHello) => void, signal: AbortSignal) {
    this.#onMessage = onMessage;
    this.#child = spawn(process.execPath, ARGUMENTS, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
      signal,
      killSignal: 'SIGKILL',
    });
    // The exit code tells the same; a host that went early does not read what it is sent.
    this.#child.on('error', () => {});
    this.#child.stdin.on('error', () => {});
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    this.ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  hello(optionalCapabilities: readonly string[] = CAPABILITIES, fields: object = {}): void {
    this.sendBytes(
      frame(
        JSON.stringify({
          type: 'connection/hello',
          supportedVersions: [1],
          requiredCapabilities: [],
          optionalCapabilities,
          ...fields,
        }),
      ),
    );
  }

  send(message: ClientMessage): void {
    this.sendBytes(frame(JSON.stringify(message)));
  }

  sendBytes(bytes: Buffer): void {
    this.#child.stdin.write(bytes);
  }

  /** Answers a tool call or a notification. */
  respond(id: number, result: DelegateResult): void {
    this.send({ type: 'delegate/response', id, result });
  }

  /** Says that nothing more comes, and waits until the host has gone. See `ended`. */
  end(): Promise<number | null> {
    this.#child.stdin.end();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #read(chunk: Buffer): void {
    let rest = Buffer.concat([this.#unread, chunk]);
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32LE();
      if (rest.length < end) break;
      const body = rest.toString('utf8', LENGTH_BYTES, end);
      rest = rest.subarray(end);
      this.#onMessage(JSON.parse(body) as HostMessage | HostHello);
    }
    this.#unread = rest;
  }
}
