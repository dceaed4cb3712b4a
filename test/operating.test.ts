import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseListenEndpoint } from '../host/wire/endpoint.ts';
import { startCli } from './support/cli-run.ts';
import { blocksOf, read } from './support/doc-pages.ts';
import { readContainerFile, readUnit, wordsOf } from './support/unit-file.ts';

const PAGE = { path: 'docs/operate.md', text: read('docs/operate.md') };

function blockOf(info: string): string {
  const found = blocksOf(PAGE).filter((block) => block.info === info);
  assert.equal(found.length, 1, info);
  return found[0]?.code ?? '';
}

/** Checks the arguments of `cellhost` as a file gives them: a command, and options it has. */
async function checkCommand(words: readonly string[]): Promise<void> {
  const [program = '', command = '', ...rest] = words;
  assert.match(program, /(?:^|\/)cellhost$/);
  const help = startCli([command, '--help']);
  assert.equal(await help.exitCode, 0, command);
  for (const [at, word] of rest.entries()) {
    if (word.startsWith('--')) assert.ok(help.stdout.text().includes(`${word} <`), word);
    if (word === '--listen') parseListenEndpoint(rest[at + 1] ?? '');
  }
}

/** What `systemd-analyze` reports of a unit; null where it is not installed. */
function verified(unit: string): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-unit-'));
  try {
    const path = join(folder, 'cellhost.service');
    writeFileSync(path, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
    const { status, stdout, stderr, error } = spawnSync('systemd-analyze', ['verify', path], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    if (error !== undefined) return null;
    const ours = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line.includes('cellhost.service'));
    return status === 0 ? ours.join('\n') : `${status}: ${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('The unit file for systemd', () => {
  const unit = blockOf('ini');
  const service = new Map(readUnit(unit).get('Service'));

  it('has the three sections, and each setting once', () => {
    assert.deepEqual([...readUnit(unit).keys()], ['Unit', 'Service', 'Install']);
    for (const settings of readUnit(unit).values()) {
      assert.equal(new Map(settings).size, settings.length);
    }
  });

  it('starts a host with options that it has', () =>
    checkCommand(service.get('ExecStart')?.split(' ') ?? []));

  it('lets the host stop in good order, and outlive its sandbox processes', () => {
    assert.equal(service.get('KillMode'), 'mixed');
    assert.equal(service.get('OOMPolicy'), 'continue');
    assert.ok(Number(service.get('TimeoutStopSec')) >= 5);
    assert.equal(service.has('MemoryDenyWriteExecute'), false);
  });

  it('reads the token that it loads', () => {
    const [name = ''] = service.get('LoadCredential')?.split(':') ?? [];
    assert.ok(service.get('ExecStart')?.includes(`--token-file %d/${name}`));
  });

  it('passes the check of systemd where that is installed, and would not if it were wrong', () => {
    const said = verified(unit);
    if (said !== null) {
      assert.equal(said, '');
      assert.match(
        verified(unit.replace('KillMode=mixed', 'KillMode=sometimes')) ?? '',
        /Failed to parse kill mode/,
      );
    }
    // A check of ours, for machines without it.
    assert.throws(() => readUnit(unit.replace('KillMode=mixed', 'KillMode')), /KillMode/);
  });
});

describe('The container file', () => {
  const instructions = readContainerFile(blockOf('dockerfile'));
  const of = (name: string) =>
    instructions.filter((each) => each.name === name).map(({ rest }) => rest);

  it('begins with an image of the Node.js that the project pins', () => {
    assert.equal(instructions[0]?.name, 'FROM');
    const { devDependencies, version } = JSON.parse(read('package.json'));
    assert.deepEqual(of('FROM'), [`node:${devDependencies.node}-slim`]);
    assert.ok(of('COPY')[0]?.startsWith(`cellhost-${version}.tgz `));
  });

  it('starts a host with options that it has, without a shell and without privileges', async () => {
    const words = [...wordsOf(of('ENTRYPOINT')[0] ?? ''), ...wordsOf(of('CMD')[0] ?? '')];
    await checkCommand(words);
    assert.deepEqual(of('USER'), ['node']);
    const names = instructions.map(({ name }) => name);
    assert.ok(names.indexOf('RUN') < names.indexOf('USER'));
  });

  it('asks for readiness where the host listens', () => {
    const [health = ''] = of('HEALTHCHECK');
    const [port = ''] = of('EXPOSE');
    assert.ok(wordsOf(of('CMD')[0] ?? '').includes(`ws:0.0.0.0:${port}`));
    const [program, flag, code = ''] = wordsOf(health.slice(health.indexOf('CMD')));
    assert.deepEqual([program, flag], ['node', '-e']);
    assert.ok(code.includes(`http://127.0.0.1:${port}/readyz`));
    const { status, stderr } = spawnSync(process.execPath, ['-e', code.replace(port, '9')], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(status, 1, stderr);
  });

  it('would be refused if it were none', () => {
    assert.throws(() => readContainerFile('FORM node'), /FORM node/);
    assert.throws(() => wordsOf('cellhost serve'), /not a list|JSON|token/);
  });
});
