import type { OpenPeer } from '../peer.ts';
import { open as openHost } from './v1-host.ts';

/** A host that cannot stop anything. */
export const open: OpenPeer = async (setting) => ({ ...(await openHost(setting)), canStop: false });
