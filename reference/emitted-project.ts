import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API, type Project } from 'typescript/unstable/sync';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/**
 * Emits the declarations of this package and opens them in the compiler.
 *
 * @param entries Paths of source files, from the root of the project.
 * @param read Gets the project, and the folder that it is in for the time of this call.
 */
export function withEmittedProject<T>(
  entries: readonly string[],
  read: (project: Project, folder: string) => T,
): T {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cellhost-reference-')));
  try {
    emitDeclarations(join(folder, 'dist'));
    return withProject(folder, entries, read);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function emitDeclarations(outDir: string): void {
  const args = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', outDir];
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Cannot emit declarations: ${stdout}`);
}

function withProject<T>(
  folder: string,
  entries: readonly string[],
  read: (project: Project, folder: string) => T,
): T {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = { module: 'nodenext', lib: ['esnext'], types: ['node'], noEmit: true };
  const files = entries.map((entry) => emitted(folder, entry));
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const api = new API({ cwd: folder });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (project === undefined) throw new Error('Cannot open the emitted declarations');
    return read(project, folder);
  } finally {
    api.close();
  }
}

/** The file of declarations that a source file becomes. */
export function emitted(folder: string, entry: string): string {
  return join(folder, 'dist', entry.replace(/\.ts$/, '.d.ts'));
}
