/** Capabilities of version 1 that this host has. */
export const V1_CAPABILITIES = [
  'session-cell-execution-resource-limits',
  'yield-observation',
  'bounded-output-v1',
  'delegate-capacity-4096',
] as const;

/** Capabilities of this project, sent only to a peer that named them. */
export const OWN_CAPABILITIES = [
  /** Events, errors, limits and lists in full: the pending observe mode, `resume`, reasons, notes, codes. */
  'cellhost.cells',
  /** Sessions whose ids the host assigns, and options of sessions. */
  'cellhost.sessions',
] as const;

export type Capability = (typeof V1_CAPABILITIES)[number] | (typeof OWN_CAPABILITIES)[number];
