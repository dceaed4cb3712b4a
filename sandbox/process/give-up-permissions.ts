import { flushCompileCache } from 'node:module';

/**
 * To be called when everything is loaded and nothing of a program is there yet: keeps the code that
 * was compiled, if there is a place for it, and gives up what was needed to load.
 *
 * @throws Error where this Node.js cannot give up the place.
 */
export function giveUpPermissions(): void {
  const place = process.env.NODE_COMPILE_CACHE;
  if (place !== undefined) {
    flushCompileCache();
    process.permission.drop('fs.write');
    process.permission.drop('fs.read', place);
  }
  // Not there before Node.js 26.
  process.permission.drop?.('addon');
}
