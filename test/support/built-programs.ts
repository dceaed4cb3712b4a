import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePrograms } from '../../bundle/programs.ts';
import { streamTransport } from '../../host/transports/stream-transport.ts';
import { ROOT } from './doc-pages.ts';
import { V1Peer } from './v1-peer.ts';

const REPORTER = join(ROOT, 'test/support/report-loaded.cjs');

/** What Node.js grants a sandbox process that may keep code. */
export const PERMISSIONS = [
  '--permission',
  '--allow-addons',
  '--allow-fs-read=*',
  '--allow-fs-write=*',
];

/** The programs as they are in the package, in a folder of their own. */
export class BuiltPrograms {
  readonly folder = mkdtempSync(join(tmpdir(), 'cellhost-programs-'));
  readonly programs = join(this.folder, 'dist/programs');
  readonly #children: ChildProcess[] = [];

  /** To be called before the first start. */
  async build(): Promise<void> {
    const { folder } = this;
    for (const name of ['bin', 'package.json']) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    }
    mkdirSync(join(folder, 'dist/sandbox/source'), { recursive: true });
    const globals = 'sandbox/source/web-globals.js';
    cpSync(join(ROOT, globals), join(folder, 'dist', globals));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await bundlePrograms(join(folder, 'dist'));
  }

  /** Kills what was started, and removes the folder. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }

  bin(name: string): string {
    return join(this.folder, `bin/${name}.js`);
  }

  /** A folder in which a program may keep compiled code. */
  newHome(): string {
    return mkdtempSync(join(this.folder, 'home-'));
  }

  /** Starts a program that reports on a descriptor of its own what it has loaded. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, ['--require', REPORTER, ...args], {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: this.folder, ...env },
    });
    this.#children.push(child);
    return child;
  }
}

/** A client of version 1 of a host that was started. */
export function peerOf({ stdout, stdin }: ChildProcess): V1Peer {
  if (stdout === null || stdin === null) throw new Error('The host has no streams');
  return new V1Peer(streamTransport('host', stdout, stdin));
}
