/** The backgrounds of pictures, by colour scheme. */
export const GROUNDS = { light: '#ffffff', dark: '#0d1117' } as const;
/** Colours of text, by scheme. Notes are muted. */
export const TEXT = { light: '#1f2328', dark: '#e6edf3' } as const;
export const MUTED_TEXT = { light: '#57606a', dark: '#9da7b3' } as const;

/**
 * Colours of lines, with a contrast of at least 3:1 on both backgrounds. Labels distinguish the lines;
 * colours only help.
 */
export const COLOURS = ['#4a7be0', '#c2690a', '#1f8f6b', '#d2527f', '#8f6bd8'] as const;

/** The form of the dots of a line, beside its colour. */
export const SYMBOLS = ['circle', 'square', 'triangle', 'diamond', 'star'] as const;

export const OWN_COLOUR = COLOURS[0];
export const OTHER_COLOUR = '#6b7480';
/** A level that is marked across a picture. */
export const LEVEL_COLOUR = '#6b7480';
