import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './doc-pages.ts';

/** What a copy of the project does not need: what is installed, and what a build makes. */
const LEFT_OUT = ['.git', 'node_modules', 'dist', 'programs'];

/**
 * Packs this project with `npm pack`, in a copy of it.
 *
 * @param folder Gets the copy and, in a folder `packed`, the file.
 * @returns That folder.
 * @throws Error with what npm says.
 */
export function packPackage(folder: string): string {
  const project = join(folder, 'project');
  for (const name of readdirSync(ROOT).filter((each) => !LEFT_OUT.includes(each))) {
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
