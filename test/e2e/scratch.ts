import {
  access,
  constants,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The environment of a run of the command line program. */
export interface ScratchNeeds {
  /** The native program, not the script that a package manager puts into a PATH. */
  readonly codex: string;
  /** The code-mode host that it should find. */
  readonly host: string;
  /** A model that the program knows; it determines the offered tools. */
  readonly model: string;
  /** What it should speak with its host; `default` leaves that to the program. */
  readonly wire: CodexWire;
  /** The URL of the model. */
  readonly apiUrl: string;
}

/** What the program speaks with its host. */
export type CodexWire = 'default' | 'json';

/** One start of the host. */
export interface HostStart {
  readonly pid: number;
  readonly args: readonly string[];
}

/** A new folder for one run. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
  readonly codex: string;
  /** An empty folder to work in. */
  readonly work: string;
  readonly env: Readonly<Record<string, string>>;
  /** How often the host was started, according to the wrapper in its place. */
  hostStarts(): Promise<readonly HostStart[]>;
  close(): Promise<void>;
}

/**
 * Makes the folder. The program looks for the host beside its own file, links followed, so the file
 * itself must be here: as a hard link, or as a copy if that is impossible.
 *
 * @throws If a program is missing, not executable, or a script where only a binary works.
 */
export async function makeScratch(needs: ScratchNeeds): Promise<Scratch> {
  const { codex, host, apiUrl } = needs;
  const program = await nativeProgram(codex);
  const hostPath = resolve(host);
  await access(hostPath, constants.X_OK);
  const path = await realpath(await mkdtemp(join(tmpdir(), 'cellhost-e2e-')));
  const close = () => rm(path, { recursive: true, force: true });
  const folder = async (name: string) => {
    await mkdir(join(path, name));
    return join(path, name);
  };
  try {
    const [bin, home, work, temporary] = [
      await folder('bin'),
      await folder('home'),
      await folder('work'),
      await folder('tmp'),
    ];
    const [own, started] = [join(bin, 'codex'), join(path, 'host-starts')];
    await link(program, own).catch(() => copyFile(program, own));
    await writeFile(join(bin, 'codex-code-mode-host'), wrapper(hostPath, started), { mode: 0o755 });
    await writeFile(join(home, 'config.toml'), config(needs));
    return {
      path,
      codex: own,
      work,
      env: environment(home, temporary, apiUrl),
      hostStarts: () => readStarts(started),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function nativeProgram(path: string): Promise<string> {
  const program = await realpath(resolve(path));
  await access(program, constants.X_OK);
  await using file = await open(program);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  if (buffer.toString() === '#!') {
    throw new Error(`Cannot use ${program}: it is a script, not the program that it starts`);
  }
  return program;
}

/** Records its process id and arguments, and then becomes the host: same process, same streams. */
function wrapper(host: string, log: string): string {
  return [
    '#!/bin/sh',
    `{ printf '%s' "$$"; for a in "$@"; do printf '\\t%s' "$a"; done; printf '\\n'; } >> ${quoted(log)}`,
    `exec ${quoted(host)} "$@"`,
    '',
  ].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function readStarts(path: string): Promise<readonly HostStart[]> {
  const log = await readFile(path, 'utf8').catch(() => '');
  const lines = log.split('\n').slice(0, -1);
  return lines.map((line) => {
    const [pid, ...args] = line.split('\t');
    return { pid: Number(pid), args };
  });
}

/** Feature that makes the program send frames of JSON to its host when it is off. */
const GRPC_OFF = 'code_mode_host_grpc = false';

function config({ model, apiUrl, wire }: ScratchNeeds): string {
  return `
model = "${model}"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
suppress_unstable_features_warning = true

[model_providers.scripted]
name = "scripted"
base_url = "${apiUrl}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

[features]
code_mode = true
code_mode_only = true
${wire === 'json' ? GRPC_OFF : ''}
apps = false
enable_request_compression = false
plugins = false
remote_plugin = false
unbounded_connection_retries = false

[analytics]
enabled = false
`;
}

/** Only our PATH, and a proxy that refuses everything outside this machine. */
function environment(home: string, temporary: string, apiUrl: string): Record<string, string> {
  const { PATH = '', CELLHOST_NODE } = process.env;
  return {
    PATH,
    HOME: home,
    CODEX_HOME: home,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    // The standard error of the host.
    RUST_LOG: 'error,codex_code_mode=debug',
    HTTP_PROXY: apiUrl,
    HTTPS_PROXY: apiUrl,
    ALL_PROXY: apiUrl,
    http_proxy: apiUrl,
    https_proxy: apiUrl,
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    ...(CELLHOST_NODE ? { CELLHOST_NODE } : {}),
  };
}
