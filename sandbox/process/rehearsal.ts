import { DEFAULT_SANDBOX_LIMITS } from '../limits.ts';
import { type ProcessPipe, SandboxProcess, type SandboxProcessParts } from './child.ts';
import type { ChildPipeEvents } from './child-pipe.ts';
import { FrameReader } from './frame-reader.ts';
import { type Frame, FrameWriter } from './frames.ts';
import { Down, Up } from './message-kinds.ts';

/** Is written as most programs are, and does what they do. */
const SOURCE = `
class Part { #size = 1; get size() { return this.#size; } static of(size) { return new Part(); } }
function sum(first, ...rest) { return [first, ...rest].reduce((a, b) => a + b, 0); }
const { a = 1, ['b' + a]: b, ...others } = { a: 2, async later() { return await 1; } };
let [left, , right] = [1, 2, -3], index = 0;
do { index++; } while (index < 3 && !others.none?.name || index === 0);
while (index-- > 1) if (/[a-z]+/u.test(\`\${left}\`)) continue; else break;
outer: for (const part of [Part.of(1)]) for (const key in part) { break outer; }
switch (typeof right) { case 'number': left = right ?? null; break; default: delete others.later; }
try { sum(Part.of(2).size, 10n); } catch ({ message }) { void message; } finally { left = left ? a : b; }
text({ a: [1] });
console.log('a', 1);
store('key', load('key') ?? {});
clearTimeout(setTimeout(() => {}, 1));
await new Promise((resolve) => setTimeout(resolve, 1));
notify('a');
yield_control();
for (let n = 0; n < 32; n += 1) await tools.rehearsal({ n });
await Promise.all(Array.from({ length: 32 }, (_, n) => tools.rehearsal({ n })));
await tools.rehearsal().catch(text);
throw new Error('planned');
`;
/** Is stopped when it says something. */
const ENDLESS = "text('waits'); await new Promise((resolve) => setTimeout(resolve, 1e6));";
const TOOLS = [{ identifier: 'rehearsal', description: '' }];
const OPTIONS = { toolErrors: 'error', console: true, globals: 'standard', hold: false };
const SESSION = 1;
/** They run one after another: the later ones in the isolate of the first. The last one is endless. */
const PROGRAMS = 4;
/** Of the sandbox process, which watches its memory itself. */
const MOST_MIB = 4_096;
/** Deliveries after which there would be a thread that watches. */
const NEVER_ALONE = 2 ** 31;

/**
 * Runs programs as a host would have it, in this process.
 *
 * @param withinMs When it is given up.
 * @returns Whether they ran as planned.
 */
export async function rehearse(
  helperCode: SandboxProcessParts['helperCode'],
  withinMs: number,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), withinMs);
  const host = new RehearsingHost(resolve);
  const rehearsed = new SandboxProcess({
    pipe: (events) => host.connect(events),
    helperCode,
    lacksCode: true,
  });
  host.begin();
  const wentWell = await promise;
  clearTimeout(timer);
  rehearsed.close();
  return wentWell;
}

/** Starts the programs and answers their calls. */
class RehearsingHost {
  readonly #onEnd: (wentWell: boolean) => void;
  readonly #reader = new FrameReader();
  readonly #writer = new FrameWriter((chunk) => this.#events?.onBytes(chunk));
  #events: ChildPipeEvents | undefined;
  #started = 0;

  constructor(onEnd: (wentWell: boolean) => void) {
    this.#onEnd = onEnd;
  }

  /** @returns The pipe of the sandbox process. */
  connect(events: ChildPipeEvents): ProcessPipe {
    this.#events = events;
    const write = (chunk: Buffer, taken?: () => void) => {
      const frames = this.#reader.push(chunk);
      taken?.();
      for (const frame of frames) this.#receive(frame);
    };
    return { write, read: () => {}, rest: () => {}, unsentBytes: 0, mayBlock: false };
  }

  begin(): void {
    const limits = JSON.stringify(DEFAULT_SANDBOX_LIMITS);
    this.#writer.send(Down.Limits, 0, MOST_MIB, NEVER_ALONE, limits);
    this.#writer.send(Down.Tools, 0, 0, 0, JSON.stringify(TOOLS));
    this.#writer.send(Down.Ping, 0, 0, 0);
    this.#start();
  }

  #start(): void {
    this.#started += 1;
    this.#writer.send(Down.Values, 0, SESSION, 0, 'key', '{}');
    const source = this.#started < PROGRAMS ? SOURCE : ENDLESS;
    this.#writer.send(Down.Start, this.#started, SESSION, 0, source, JSON.stringify(OPTIONS));
  }

  #receive({ kind, run, a, texts }: Frame): void {
    if (kind === Up.Notify) this.#writer.send(Down.Notified, run, 0, 0);
    if (kind === Up.Call) this.#answer(run, a, texts[0]);
    if (kind === Up.Text && run === PROGRAMS) this.#writer.send(Down.Kill, run, 0, 0);
    if (kind === Up.Gone) this.#onEnd(true);
    if (kind === Up.End) this.#ended(texts[1]);
  }

  /** A call without an argument fails. */
  #answer(run: number, call: number, argument: string | undefined): void {
    const ok = argument !== undefined;
    this.#writer.send(Down.Answer, run, call, ok ? 1 : 0, argument ?? 'planned');
  }

  #ended(failure: string | undefined): void {
    if (failure?.includes('planned') === true) this.#start();
    else this.#onEnd(false);
  }
}
