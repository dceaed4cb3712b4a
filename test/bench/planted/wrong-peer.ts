import type { OpenPeer } from '../../../bench/peers/peer.ts';

/** A peer that answers wrongly, for the tests of the runner. */
export const open: OpenPeer = async () => ({
  dialect: { tool: 'call', program: (body, answer) => body + answer },
  canStop: false,
  hasTimeLimit: false,
  toolsRunHere: true,
  startCell() {
    return { answer: Promise.resolve(3) };
  },
  close: async () => {},
});
