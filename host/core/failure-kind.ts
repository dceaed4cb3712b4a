import type { FailureKind } from '../../src/events.ts';

/** The kind of a failure of which only the text is known. */
export function kindOfText(text: string): Extract<FailureKind, 'syntax' | 'exception'> {
  return text.startsWith('SyntaxError') ? 'syntax' : 'exception';
}
