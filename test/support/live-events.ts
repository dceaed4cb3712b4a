import type { LiveEvent, LiveEvents } from '../../src/live-events.ts';
import { textOf } from './events.ts';

/** An event in a few words: `output a`, `tool-started tool-1 echo`, `gap 3`, `completed`. */
export function told(event: LiveEvent): string {
  switch (event.type) {
    case 'output':
      return `output ${textOf(event.item)}`;
    case 'tool-started':
      return `tool-started ${event.callId} ${event.tool}`;
    case 'tool-ended':
      return `tool-ended ${event.callId}${event.ok ? '' : ' (failed)'}`;
    case 'notified':
      return `notified ${event.text}`;
    case 'phase':
      return event.phase;
    case 'gap':
      return `gap ${event.missed}`;
    case 'completed':
      return event.failure === null ? 'completed' : `completed (${event.failure.kind})`;
    case 'terminated':
      return 'terminated';
    case 'missing':
      return `missing ${event.reason}`;
  }
}

/** The next events, in words; fewer if it ends earlier. */
export async function nextOf(events: LiveEvents, count: number): Promise<readonly string[]> {
  const words: string[] = [];
  while (words.length < count) {
    const { done, value } = await events.next();
    if (done === true) break;
    words.push(told(value));
  }
  return words;
}

/** All events until it ends, in words. */
export async function restOf(events: LiveEvents): Promise<readonly string[]> {
  return await nextOf(events, Number.POSITIVE_INFINITY);
}

/** The texts of outputs among events in words. */
export function outputsAmong(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => (word.startsWith('output ') ? [word.slice(7)] : []));
}
