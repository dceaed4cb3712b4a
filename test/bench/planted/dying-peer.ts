import type { OpenPeer } from '../../../bench/peers/peer.ts';

/** A peer that aborts its process, for the tests of the runner. */
export const open: OpenPeer = async () => ({
  dialect: { tool: 'call', program: (body, answer) => body + answer },
  canStop: false,
  hasTimeLimit: false,
  toolsRunHere: true,
  startCell() {
    process.abort();
  },
  close: async () => {},
});
