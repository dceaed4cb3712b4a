import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Each example checks its own result; this runs them all and fails with the first that does. */
const EXAMPLES: readonly (readonly string[])[] = [
  ['examples/embed.ts'],
  ['examples/agent.ts'],
  ['examples/step.ts'],
  ['examples/ai-sdk.ts'],
  ['examples/openai-agents.ts'],
  ['examples/langchain.ts'],
  ['examples/proxy-client.ts'],
  ['bin/cellhost.js', 'run', 'examples/tour.js', '--config', 'examples/mcp.json'],
];

const root = fileURLToPath(new URL('..', import.meta.url));
for (const example of EXAMPLES) {
  console.log(`\n# ${example.join(' ')}`);
  const args = ['--disable-warning=ExperimentalWarning', ...example];
  const { status, signal } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    timeout: 60_000,
  });
  if (status !== 0) {
    console.error(`${example.join(' ')} ended with ${status ?? signal}`);
    process.exit(1);
  }
}
