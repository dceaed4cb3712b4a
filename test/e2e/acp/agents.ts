import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A home without anything of the user's, and an environment without a way out. */
export interface AgentPlace extends Disposable {
  readonly home: string;
  readonly work: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How an agent is started. */
export interface AgentStart {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const NOWHERE = 'http://127.0.0.1:9';

/** Makes a place in the folder for temporary files. */
export function makePlace(): AgentPlace {
  const home = mkdtempSync(join(tmpdir(), 'agent-'));
  const work = join(home, 'work');
  mkdirSync(work);
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: home,
    TERM: 'dumb',
    NO_COLOR: '1',
    HTTPS_PROXY: NOWHERE,
    HTTP_PROXY: NOWHERE,
    NO_PROXY: '127.0.0.1,localhost',
  };
  const remove = () => rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  return { home, work, env, [Symbol.dispose]: remove };
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Programs are run by this Node if they are scripts. */
function started(program: string, ...args: readonly string[]): readonly string[] {
  return /\.[cm]?js$/.test(program) ? [process.execPath, program, ...args] : [program, ...args];
}

type Start = (program: string, place: AgentPlace, apiUrl: string) => AgentStart;

/** The agents that are known to work, each with the scripted model and no way to another. */
export const AGENTS: Readonly<Record<string, Start>> = {
  codex: (program, { home }, apiUrl) => {
    const folder = join(home, 'codex');
    put(join(folder, 'config.toml'), codexConfig(apiUrl));
    return {
      command: started(program),
      env: {
        CODEX_HOME: folder,
        NO_BROWSER: '1',
        MODEL_PROVIDER: 'mock',
        INITIAL_AGENT_MODE: 'agent-full-access',
      },
    };
  },
  claude: (program, _, apiUrl) => ({
    command: started(program),
    env: {
      ANTHROPIC_BASE_URL: apiUrl,
      ANTHROPIC_API_KEY: 'sk-mock',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
      IS_SANDBOX: '1',
    },
  }),
  gemini: (program, { home }, apiUrl) => {
    const settings = {
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { disableAutoUpdate: true },
    };
    put(join(home, '.gemini/settings.json'), JSON.stringify(settings));
    return {
      command: started(program, '--acp', '--model', 'gemini-2.5-pro'),
      env: {
        GEMINI_API_KEY: 'x',
        GOOGLE_GEMINI_BASE_URL: apiUrl,
        GEMINI_CLI_NO_RELAUNCH: '1',
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
      },
    };
  },
  opencode: (program, { work }, apiUrl) => {
    const options = { baseURL: `${apiUrl}/v1`, apiKey: 'x' };
    const models = { m: { name: 'm' } };
    const mock = { npm: '@ai-sdk/openai-compatible', name: 'mock', options, models };
    const config = { model: 'mock/m', autoupdate: false, share: 'disabled', provider: { mock } };
    put(join(work, 'opencode.json'), JSON.stringify(config));
    return {
      command: started(program, 'acp'),
      env: { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' },
    };
  },
};

function codexConfig(apiUrl: string): string {
  return `
model = "gpt-5.1-codex"
model_provider = "mock"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.mock]
name = "mock"
base_url = "${apiUrl}/v1"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false
`;
}
