import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, read } from './doc-pages.ts';

/** What is built, and what packing needs. */
const SOURCES = ['src', 'sandbox', 'host', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

/**
 * Packs this project with `npm pack`, in a copy of it.
 *
 * @param folder Gets the copy and, in a folder `packed`, the file.
 * @returns That folder.
 * @throws Error with what npm says.
 */
export function packPackage(folder: string): string {
  const { files } = JSON.parse(read('package.json')) as { readonly files: readonly string[] };
  const packed = files.filter((name) => name !== 'dist' && !name.startsWith('!'));
  const project = join(folder, 'project');
  for (const name of [...SOURCES, ...packed]) {
    cpSync(join(ROOT, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  const destination = join(folder, 'packed');
  mkdirSync(destination);
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--offline', '--pack-destination', destination],
    { cwd: project, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`npm pack ended with ${status}: ${stdout}${stderr}`);
  return destination;
}
