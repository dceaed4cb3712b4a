import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cellhostPeer } from '../cellhost-peer.ts';
import type { OpenPeer } from '../peer.ts';

/** This project embedded, as its README embeds it. */
export const open: OpenPeer = async ({ folder }) => {
  const { openSession } = await import(
    pathToFileURL(join(folder, 'dist/sandbox/cellhost.js')).href
  );
  return cellhostPeer(openSession, async () => {});
};
