import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FAKE_AGENT, type Loose } from './acp-editor.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ACPX = join(ROOT, 'node_modules/acpx/dist/cli.js');
const PROXY = [process.execPath, join(ROOT, 'bin/cellhost.js'), 'acp'];

/** What acpx is started with. */
export interface AcpxOptions {
  /** The servers of the editor, as `--mcp-config` lists them. */
  readonly servers: readonly object[];
  /** The content of `--config` of `cellhost acp`. Default: no such option. */
  readonly config?: object;
}

/** One command of acpx that has ended. */
export interface AcpxRun {
  /** What it wrote, each line read as JSON. */
  readonly messages: readonly Loose[];
  /** What the steps of the fake agent brought, in all prompts. */
  readonly steps: readonly Loose[];
  readonly code: number | null;
}

/** One command of acpx that runs. */
export interface AcpxCommand {
  /** Resolves with the first message that fits. @throws Error if acpx ends before. */
  until(fits: (message: Loose) => boolean): Promise<Loose>;
  readonly ended: Promise<AcpxRun>;
}

/** acpx with a home of its own, and the fake agent behind `cellhost acp`. */
export class Acpx implements AsyncDisposable {
  /** Where sessions work. */
  readonly work = mkdtempSync(join(tmpdir(), 'acpx-work-'));
  readonly #home = mkdtempSync(join(tmpdir(), 'acpx-home-'));
  readonly #sessions = new Set<string>();
  #options: string[] = [];

  /** What all commands from now on are started with. */
  configure({ servers, config }: AcpxOptions): void {
    const policy = config === undefined ? [] : ['--config', this.#file('policy.json', config)];
    const agent = [...PROXY, ...policy, '--', ...FAKE_AGENT, '--unique'].join(' ');
    const listed = this.#file('servers.json', { mcpServers: servers });
    this.#options = ['--agent', agent, '--cwd', this.work, '--mcp-config', listed];
  }

  /** Makes a session that lasts, and that later commands know by its name. */
  async newSession(name: string): Promise<void> {
    this.#sessions.add(name);
    const { code } = await this.run('sessions', 'new', '--name', name);
    if (code !== 0) throw new Error(`acpx could not make the session ${name}: ${code}`);
  }

  /** A prompt of a session, which is loaded by an agent that stays. */
  prompt(session: string, ...steps: readonly object[]): AcpxCommand {
    return this.start('--approve-all', 'prompt', '-s', session, JSON.stringify(steps));
  }

  /** Runs a command to its end. */
  run(...argv: readonly string[]): Promise<AcpxRun> {
    return this.start(...argv).ended;
  }

  /** Starts a command. */
  start(...argv: readonly string[]): AcpxCommand {
    const args = [ACPX, ...this.#options, '--format', 'json', '--ttl', '60', ...argv];
    const env = { PATH: process.env.PATH, HOME: this.#home, TMPDIR: this.#home };
    return followed(spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] }));
  }

  /** The processes that were started from here and live, also those that no longer have a parent. */
  processes(): readonly string[] {
    const mark = `HOME=${this.#home}`;
    return readdirSync('/proc').flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark)) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()];
      } catch {
        return [];
      }
    });
  }

  /** Closes all sessions. Resolves when no process is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sessions].map((name) => this.run('sessions', 'close', name)));
    while (this.processes().length > 0) await setImmediate();
    // It keeps its sockets here, whatever its environment says.
    const hash = createHash('sha256').update(this.#home).digest('hex').slice(0, 10);
    for (const folder of [this.work, this.#home, `/tmp/acpx-${hash}`]) {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #file(name: string, content: object): string {
    const path = join(this.#home, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  }
}

function followed(child: ChildProcess): AcpxCommand {
  const messages: Loose[] = [];
  const waiting = new Set<() => void>();
  const lines = createInterface({ input: child.stdout! }).on('line', (line) => {
    messages.push(JSON.parse(line));
    for (const look of [...waiting]) look();
  });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code]]) => {
    const texts = messages.flatMap(({ params }) => params?.update?.content?.text ?? []);
    const steps = texts.map((text): Loose => JSON.parse(text)).filter((step) => step !== null);
    return { messages, steps, code };
  });
  const until = (fits: (message: Loose) => boolean) => {
    const found = new Promise<Loose>((resolve) => {
      const look = () => {
        const message = messages.find(fits);
        if (message === undefined) return;
        waiting.delete(look);
        resolve(message);
      };
      waiting.add(look);
      look();
    });
    const missed = ended.then(({ code }) => {
      throw new Error(`acpx ended with ${code} before the message came`);
    });
    missed.catch(() => {});
    return Promise.race([found, missed]);
  };
  return { until, ended };
}
