import type { Frame } from '../../sandbox/process/frames.ts';
import { Up } from '../../sandbox/process/message-kinds.ts';

/** Small enough for random messages to exceed them. */
export const MODEL_LIMITS = {
  maxHeapBytes: 64 << 20,
  maxValueLength: 40,
  maxPendingCalls: 3,
  maxPendingNotifications: 2,
  maxTimers: 5,
  maxStoredLength: 60,
  maxStoredKeys: 3,
  maxProgramsPerIsolate: 2,
  maxRunningPrograms: 2,
} as const;
export const TOOLS = 2;
export const JSON_TEXTS = ['1', 'null', '{"a":[1,-2.5e3]}', '"\\u00e9\\n"', '[]'] as const;
export const NOT_JSON = ['', '{', 'undefined', '01', '"\n"', ' 1', '[1,]', '{"a"}'] as const;
const FAILURES = ['syntax', 'exception', 'limit', 'memory', 'deadlock', 'sandbox_failed'];

/** One program, as far as its process may report on it. */
interface ModelProgram {
  phase: 'new' | 'running' | 'killed' | 'over';
  lastCall: number;
  readonly waiting: Set<number>;
  notifications: number;
  isWaiting: boolean;
  isHeld: boolean;
  frontiers: number;
  readonly stored: Map<string, string>;
}

/** A model of what an honest sandbox process may send, written as plainly as possible. */
export class ProcessModel {
  programs: ModelProgram[] = [];
  isReady = false;
  pings = 1;
  weighs = 0;

  /** Whether the frame is allowed now. */
  allows(frame: Frame): boolean {
    const copy = new ProcessModel();
    Object.assign(copy, structuredClone({ ...this }));
    return copy.accepts(frame);
  }

  start(hold: boolean): void {
    this.programs.push({
      phase: 'new',
      lastCall: 0,
      waiting: new Set(),
      notifications: 0,
      isWaiting: false,
      isHeld: hold,
      frontiers: hold ? 1 : 0,
      stored: new Map(),
    });
  }

  of(id: number): ModelProgram | undefined {
    return this.programs[id - 1];
  }

  get living(): readonly number[] {
    return this.programs.flatMap(({ phase }, at) =>
      phase === 'new' || phase === 'running' ? [at + 1] : [],
    );
  }

  /** Whether the frame is allowed now. If so, applies it. */
  accepts(frame: Frame): boolean {
    const { kind, run, a, b, texts } = frame;
    const program = this.of(run);
    const isBare = a === 0 && b === 0 && texts.length === 0;
    if (!hasJson(frame)) return false;
    if (kind === Up.Gone) {
      if (!this.isReady || !isBare || program?.phase !== 'killed') return false;
      program.phase = 'over';
      return true;
    }
    if (program?.phase === 'killed') return true;
    if (kind === Up.Pong) {
      const isPong = a <= 1 && b === 0 && texts.length === 0;
      if (!isPong || run !== 0 || this.pings === 0) return false;
      this.pings -= 1;
      this.isReady = true;
      return true;
    }
    if (!this.isReady) return false;
    if (kind === Up.Heaviest) {
      if (!isBare || this.weighs === 0 || run > this.programs.length) return false;
      this.weighs -= 1;
      return true;
    }
    if (program === undefined || program.phase === 'over') return false;
    return this.#acceptsOf(program, frame);
  }

  #acceptsOf(program: ModelProgram, { kind, a, b, texts }: Frame): boolean {
    const isNew = program.phase === 'new';
    const noNumbers = a === 0 && b === 0;
    const isShort = texts.every((text) => (text?.length ?? 0) <= MODEL_LIMITS.maxValueLength);
    if (kind === Up.End) {
      const failure = texts[0];
      if (isNew && failure !== 'sandbox_failed') return false;
      if (texts.length < 2 || !this.#isEnd(a, b, texts)) return false;
      program.phase = 'over';
      return true;
    }
    if (kind === Up.Waits || kind === Up.Proceeds) {
      if (!noNumbers || texts.length > 0 || program.isWaiting !== (kind === Up.Proceeds))
        return false;
      program.isWaiting = kind === Up.Waits;
      return true;
    }
    if (isNew) {
      if (kind !== Up.Started || !noNumbers || texts.length > 0) return false;
      program.phase = 'running';
      return true;
    }
    const [text, second] = texts;
    switch (kind) {
      case Up.Yield:
        return noNumbers && texts.length === 0;
      case Up.Text:
      case Up.Audio:
        return noNumbers && texts.length === 1 && text !== undefined && isShort;
      case Up.Image:
        return (
          noNumbers &&
          texts.length === 2 &&
          text !== undefined &&
          ['auto', 'low', 'high', 'original'].includes(second ?? '') &&
          isShort
        );
      case Up.Frontier:
        if (!noNumbers || texts.length > 0 || program.frontiers === 0) return false;
        program.frontiers -= 1;
        return true;
      case Up.Notify:
        if (!noNumbers || texts.length !== 1 || !text?.trim() || !isShort) return false;
        program.notifications += 1;
        return program.notifications <= MODEL_LIMITS.maxPendingNotifications;
      case Up.Call:
        if (texts.length > 1 || !isShort || a <= program.lastCall || b >= TOOLS) return false;
        if (texts.length === 1 && text === undefined) return false;
        program.lastCall = a;
        program.waiting.add(a);
        return program.waiting.size <= MODEL_LIMITS.maxPendingCalls;
      case Up.Writes:
        return noNumbers && this.#stores(program, texts);
    }
    return false;
  }

  #isEnd(line: number, column: number, [kind, text, ...notes]: Frame['texts']): boolean {
    const hasNotes = notes.length <= 16 && notes.every((note) => (note?.length ?? 2_000) <= 1_024);
    if (kind === undefined) return text === undefined && line + column === 0 && hasNotes;
    const hasPlace = line > 0 && column > 0;
    const hasNone = line === 0 && column === 0;
    const isPlaced = hasNone || (kind === 'syntax' && hasPlace);
    return FAILURES.includes(kind) && text !== undefined && isPlaced && hasNotes;
  }

  #stores({ stored }: ModelProgram, texts: Frame['texts']): boolean {
    if (texts.length === 0 || texts.length % 2 > 0 || texts.length > 128) return false;
    for (let at = 0; at < texts.length; at += 2) {
      const [key, json] = [texts[at], texts[at + 1]];
      if (key === undefined || json === undefined) return false;
      if (key.length + json.length > MODEL_LIMITS.maxValueLength) return false;
      stored.set(key, json);
    }
    const length = [...stored].reduce((sum, [key, json]) => sum + key.length + json.length, 0);
    return stored.size <= MODEL_LIMITS.maxStoredKeys && length <= MODEL_LIMITS.maxStoredLength;
  }
}

/** Whether each text that is to be JSON is, whatever else is wrong. */
function hasJson({ kind, texts }: Frame): boolean {
  if (kind !== Up.Call && kind !== Up.Writes) return true;
  return texts.every((text, at) => {
    const isWanted = kind === Up.Call ? at === 0 : at % 2 === 1;
    return !isWanted || text === undefined || isJson(text);
  });
}

function isJson(text: string): boolean {
  return (JSON_TEXTS as readonly string[]).includes(text);
}
