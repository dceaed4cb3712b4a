import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JsonObject } from '../../../src/describe/json-object.ts';
import { type Steer, steerClaude, steerCodex } from './steering.ts';

/** How a client reaches the server. */
export type ServerEntry =
  | { readonly command: string; readonly args: readonly string[] }
  | { readonly url: string };

/** Where a client finds everything. */
export interface ClientPlace {
  /** The folder of the run, which is also its home. */
  readonly home: string;
  /** An empty folder to work in. */
  readonly work: string;
  /** The URL of the scripted model. */
  readonly apiUrl: string;
  readonly server: ServerEntry;
  /** Whether the turns are steered: a person decides, and interrupts. */
  readonly isSteered: boolean;
}

/** How a client is started. */
export interface ClientStart {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** One MCP client. */
export interface ClientKind {
  readonly title: string;
  readonly hasHttp: boolean;
  /** The decisions that reach a tool in `ask`, by the kind of the run. */
  readonly decisions: Readonly<Record<RunKind, Decisions>>;
  /** Speaks to a program that is steered. Undefined: a turn is interrupted with a signal. */
  readonly steer?: Steer;
  /** Writes its configuration. */
  prepare(place: ClientPlace): Promise<ClientStart>;
}

/** One turn over standard streams or HTTP, or turns beside which a person sits. */
export type RunKind = 'unattended' | 'http' | 'steered';

/** `both`: one call is allowed and one refused. `refused`: all are. `denied`: nobody can be asked. */
export type Decisions = 'both' | 'refused' | 'denied';

/** The name of the server in each client. */
export const SERVER = 'code';
export const PROMPT = 'Play the script.';

const codex: ClientKind = {
  title: 'Codex CLI',
  hasHttp: true,
  decisions: { unattended: 'refused', http: 'denied', steered: 'both' },
  steer: steerCodex,
  async prepare({ home, apiUrl, server, isSteered }) {
    const entry =
      'url' in server
        ? `url = "${server.url}"`
        : `command = ${JSON.stringify(server.command)}\nargs = ${JSON.stringify(server.args)}\nenv_vars = ["PATH"]`;
    await write(
      join(home, 'codex/config.toml'),
      `
model = "gpt-5.1-codex"
model_provider = "scripted"
approval_policy = "${isSteered ? 'on-request' : 'never'}"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[model_providers.scripted]
name = "scripted"
base_url = "${apiUrl}/v1"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false

[analytics]
enabled = false

[mcp_servers.${SERVER}]
${entry}
default_tools_approval_mode = "approve"
`,
    );
    const args = isSteered ? ['app-server'] : ['exec', '--skip-git-repo-check', PROMPT];
    return { args, env: { CODEX_HOME: join(home, 'codex') } };
  },
};

const claude: ClientKind = {
  title: 'Claude Code',
  hasHttp: true,
  decisions: { unattended: 'both', http: 'both', steered: 'both' },
  steer: steerClaude,
  async prepare({ home, apiUrl, server, isSteered }) {
    const config = join(home, 'mcp.json');
    const settings = join(home, 'settings.json');
    const entry = 'url' in server ? { type: 'http', url: server.url } : server;
    await write(config, JSON.stringify({ mcpServers: { [SERVER]: entry } }));
    const hook = `'${process.execPath}' -e '${DECIDING_HOOK}'`;
    const hooks = { Elicitation: [{ hooks: [{ type: 'command', command: hook }] }] };
    await write(settings, JSON.stringify({ hooks }));
    const allowed = `mcp__${SERVER}__*`;
    const shared = ['--settings', settings, '--mcp-config', config, '--strict-mcp-config'];
    const streams = [
      '--input-format',
      'stream-json',
      '--output-format',
      'stream-json',
      '--verbose',
    ];
    return {
      args: ['-p', ...(isSteered ? streams : [PROMPT]), ...shared, '--allowedTools', allowed],
      env: {
        ANTHROPIC_BASE_URL: apiUrl,
        ANTHROPIC_API_KEY: 'scripted',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_AUTOUPDATER: '1',
        IS_SANDBOX: '1',
      },
    };
  },
};

/** Claude Code runs this in place of a form. It refuses calls of the tool `refused`. */
const DECIDING_HOOK = `
let text = "";
process.stdin.on("data", (piece) => { text += piece; }).on("end", () => {
  const decision = JSON.parse(text).message.includes("\\"refused\\"") ? "deny" : "allow";
  const hookSpecificOutput = { hookEventName: "Elicitation", action: "accept", content: { decision } };
  console.log(JSON.stringify({ hookSpecificOutput }));
});`.replaceAll('\n', ' ');

const gemini: ClientKind = {
  title: 'Gemini CLI',
  hasHttp: false,
  decisions: { unattended: 'denied', http: 'denied', steered: 'denied' },
  async prepare({ home, apiUrl, server }) {
    const entry = 'url' in server ? { httpUrl: server.url } : server;
    const settings = {
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { disableAutoUpdate: true },
      mcpServers: { [SERVER]: { ...entry, trust: true } },
    };
    await write(join(home, '.gemini/settings.json'), JSON.stringify(settings));
    return {
      args: ['-p', PROMPT, '--yolo', '--model', 'gemini-2.5-pro', '--skip-trust'],
      env: {
        GEMINI_API_KEY: 'scripted',
        GOOGLE_GEMINI_BASE_URL: apiUrl,
        GEMINI_CLI_NO_RELAUNCH: '1',
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
      },
    };
  },
};

const opencode: ClientKind = {
  title: 'opencode',
  hasHttp: false,
  decisions: { unattended: 'denied', http: 'denied', steered: 'denied' },
  async prepare({ work, apiUrl, server }) {
    const entry =
      'url' in server
        ? { type: 'remote', url: server.url }
        : { type: 'local', command: [server.command, ...server.args] };
    const model = {
      name: 'm',
      attachment: true,
      modalities: { input: ['text', 'image'], output: ['text'] },
    };
    const provider: JsonObject = {
      npm: '@ai-sdk/openai-compatible',
      name: 'scripted',
      options: { baseURL: `${apiUrl}/v1`, apiKey: 'scripted' },
      models: { m: model },
    };
    const config = {
      model: 'scripted/m',
      autoupdate: false,
      share: 'disabled',
      provider: { scripted: provider },
      mcp: { [SERVER]: { ...entry, enabled: true } },
    };
    await write(join(work, 'opencode.json'), JSON.stringify(config));
    return {
      args: ['run', PROMPT],
      env: { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' },
    };
  },
};

/** The clients by the names that the command line knows. */
export const CLIENTS = { claude, codex, gemini, opencode } as const;

async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
