import { lstatSync } from 'node:fs';

const OTHERS = 0o077;

/** Whether a folder is this user's and nobody else can read or change what is in it. */
export function isPrivateFolder(path: string): boolean {
  try {
    const folder = lstatSync(path);
    const isOurs = folder.uid === process.getuid?.();
    return folder.isDirectory() && isOurs && (folder.mode & OTHERS) === 0;
  } catch {
    return false;
  }
}
