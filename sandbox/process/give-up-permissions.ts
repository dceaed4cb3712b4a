import { flushCompileCache } from 'node:module';

/**
 * Gives up the permissions that were needed to load this process. Call it when everything is loaded
 * and before any program arrives. Saves the compile cache first, if there is a folder for it.
 *
 * @throws Error if this Node.js cannot give up the permission for that folder.
 */
export function giveUpPermissions(): void {
  const place = process.env.NODE_COMPILE_CACHE;
  if (place !== undefined) {
    flushCompileCache();
    process.permission.drop('fs.write');
    process.permission.drop('fs.read', place);
  }
  // Missing before Node.js 26.
  process.permission.drop?.('addon');
}

/** Gives up starting threads. Call it when there is the one of `InsideWatch`, or will be none. */
export function giveUpThreads(): void {
  // Missing before Node.js 26.
  process.permission.drop?.('worker');
}
