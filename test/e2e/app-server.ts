import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** `codex app-server`, asked over its standard streams. */
export class AppServer implements AsyncDisposable {
  readonly #child: ReturnType<typeof start>;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #watchers = new Set<(message: Message) => void>();
  readonly #events: Message[] = [];
  readonly exited: Promise<void>;
  #lastId = 0;
  #said = '';

  /** @param url The code-mode host that all its threads share. */
  constructor(codex: string, url: string, env: Readonly<Record<string, string>>, cwd: string) {
    this.#child = start(codex, url, env, cwd);
    this.exited = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4_000);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#receive(JSON.parse(line) as Message);
    });
    this.#child.stdin.on('error', () => {});
  }

  /** What it wrote to standard error last. */
  get said(): string {
    return this.#said;
  }

  /** @throws Error with its error. */
  async ask(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#send({ id, method, params });
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  tell(method: string): void {
    this.#send({ method });
  }

  /** Resolves with the parameters of the first notification that fits, also an earlier one. */
  async saw(
    method: string,
    fits: (params: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>> {
    const isIt = (message: Message) => message.method === method && fits(message.params ?? {});
    const known = this.#events.find(isIt);
    if (known !== undefined) return known.params ?? {};
    return await new Promise((resolve) => {
      const watch = (message: Message) => {
        if (!isIt(message)) return;
        this.#watchers.delete(watch);
        resolve(message.params ?? {});
      };
      this.#watchers.add(watch);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #receive(message: Message): void {
    if (message.id !== undefined && message.method === undefined) {
      this.#answers.get(message.id)?.(message);
      return;
    }
    this.#events.push(message);
    for (const watch of this.#watchers) watch(message);
  }
}

function start(codex: string, url: string, env: Readonly<Record<string, string>>, cwd: string) {
  const args = ['app-server', '--code-mode-host', url];
  return spawn(codex, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
}
