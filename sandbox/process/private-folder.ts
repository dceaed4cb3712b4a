import { lstatSync } from 'node:fs';

const OTHERS = 0o077;

/** Whether a folder belongs to this user and no other user can read or change its contents. */
export function isPrivateFolder(path: string): boolean {
  try {
    const folder = lstatSync(path);
    const isOurs = folder.uid === process.getuid?.();
    return folder.isDirectory() && isOurs && (folder.mode & OTHERS) === 0;
  } catch {
    return false;
  }
}
