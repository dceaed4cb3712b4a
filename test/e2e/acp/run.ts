import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Loose, selected, startEditor } from '../../support/acp-editor.ts';
import { startModelApi } from '../mcp/model-api.ts';
import { AGENTS, makePlace } from './agents.ts';
import { type GivenResults, nextTurn } from './conversation.ts';
import { SCENARIOS, type Stage } from './scenarios.ts';

/**
 * Plays all scenarios with a real agent behind `cellhost acp`, with a scripted model on the loopback
 * interface, an empty home and no way to the network.
 *
 * Exit codes: 0 if every scenario passed or the agent cannot do it, 1 otherwise, 2 for a wrong command line.
 */

const USAGE = `Usage: node test/e2e/acp/run.ts --agent ${Object.keys(AGENTS).join('|')} [--protocol 1|2] [--transport stdio|http] [--only SCENARIO] PROGRAM`;
/** What an agent does itself, whatever is between it and an editor. */
const KNOWN_LIMITS: Readonly<Record<string, readonly string[]>> = {
  // It starts one server of a name for all sessions of a folder.
  opencode: ['two sessions at once, in one folder'],
};
const PATIENCE_MS = 60_000;
const SERVER = fileURLToPath(new URL('../../support/ugly-mcp-server.js', import.meta.url));

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      agent: { type: 'string' },
      protocol: { type: 'string', default: '1' },
      transport: { type: 'string', default: 'stdio' },
      only: { type: 'string', default: '' },
    },
  });
  const [program] = positionals;
  const start = AGENTS[values.agent ?? ''];
  if (start === undefined || program === undefined) throw new Error(USAGE);
  const version = values.protocol === '2' ? 2 : 1;
  let failed = 0;
  const limits = KNOWN_LIMITS[values.agent ?? ''] ?? [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (!name.includes(values.only)) continue;
    if (limits.includes(name)) {
      console.log(`     ${name}: not played, a known limit of the agent`);
      continue;
    }
    using place = makePlace();
    const given: GivenResults = new Map();
    await using model = await startModelApi((request, body) => nextTurn(request, body, given));
    const { command, env } = start(program, place, model.url);
    const server = [process.execPath, SERVER, 'well'];
    const config = join(place.home, 'mcp.json');
    const careful = { command: server[0], args: server.slice(1), tools: { ask: ['*'] } };
    writeFileSync(config, JSON.stringify({ mcpServers: { careful } }));
    let option = 'allow_once';
    const decide = (params: Loose) => selected(isOurs(params) ? option : agentsOption(params));
    const editor = await startEditor({
      version,
      args: ['--config', config, '--transport', values.transport],
      agent: command,
      cwd: place.work,
      env: { ...place.env, ...env },
      isAlone: true,
      decide,
    });
    const stage: Stage = {
      ...{ editor, version, given, server, work: place.work },
      decide: (id: string) => {
        option = id;
      },
    };
    const outcome = await within(PATIENCE_MS, scenario(stage)).then(
      (result): string => result,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (outcome !== 'passed' && outcome !== 'unsupported') failed += 1;
    const left = await within(10_000, editor.leave()).catch(() => 'still there after 10 s');
    console.log(`${outcome === 'passed' ? 'ok  ' : '    '} ${name}: ${outcome} (exit ${left})`);
    if (outcome !== 'passed' && outcome !== 'unsupported')
      console.log(editor.stderr().slice(-2000));
  }
  return failed === 0 ? 0 : 1;
}

function isOurs(params: Loose): boolean {
  const { toolCallId = '' } = params.toolCall ?? params.subject?.toolCall ?? {};
  return toolCallId.startsWith('cellhost-');
}

/** What agents ask themselves is always allowed. */
function agentsOption({ options }: Loose): string {
  return (options.find(({ kind }: Loose) => kind === 'allow_once') ?? options[0]).optionId;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`It took more than ${ms} ms`)), ms);
  return await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
