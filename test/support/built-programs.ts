import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameSplitter, frame } from '../../bench/peers/v1-frames.ts';
import { bundlePrograms } from '../../bundle/programs.ts';
import { ROOT } from './doc-pages.ts';

const REPORTER = join(ROOT, 'test/support/report-loaded.cjs');

/** The greeting of a client of version 1. */
export const HELLO = {
  type: 'connection/hello',
  supportedVersions: [1],
  requiredCapabilities: [],
  optionalCapabilities: ['cellhost.sessions'],
};

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
      env: { ...process.env, XDG_CACHE_HOME: this.folder, ...env },
    });
    this.#children.push(child);
    return child;
  }
}

/** Sends a message of version 1. */
export function send({ stdin }: ChildProcess, message: object): void {
  stdin?.write(frame(JSON.stringify(message)));
}

/** The messages of version 1 that come. */
export async function* read({ stdout }: ChildProcess): AsyncGenerator<unknown> {
  const splitter = new FrameSplitter();
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    for (const body of splitter.push(chunk)) yield JSON.parse(body.toString());
  }
}
