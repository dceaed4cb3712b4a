import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { IsolateSandbox } from '../../../sandbox/index.ts';
import { cellhostPeer } from '../cellhost-peer.ts';
import type { OpenPeer } from '../peer.ts';

/** This project embedded, with the sandbox in the same process. */
export const open: OpenPeer = async ({ folder }) => {
  const load = (path: string) => import(pathToFileURL(join(folder, 'dist', path)).href);
  const { isolateSandbox }: { readonly isolateSandbox: () => IsolateSandbox } =
    await load('sandbox/index.js');
  const { openSession } = await load('sandbox/cellhost.js');
  const sandbox = isolateSandbox();
  return cellhostPeer(
    (options) => openSession({ ...options, sandbox }),
    () => sandbox.close(),
  );
};
