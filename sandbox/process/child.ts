import { writeSync } from 'node:fs';
import type { OutputItem } from '../../src/events.ts';
import type { Program, ProgramCalls, ProgramEnd, ProgramTool } from '../../src/sandbox.ts';
import type { HelperCode } from '../isolate/helper-code.ts';
import { IsolateSandbox } from '../isolate/isolate-sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import type { ChildPipe, ChildPipeEvents } from './child-pipe.ts';
import { DirectDoor } from './direct-door.ts';
import { FrameReader } from './frame-reader.ts';
import { type Frame, FrameWriter } from './frames.ts';
import { giveUpThreads } from './give-up-permissions.ts';
import { Guest } from './guest.ts';
import { InsideWatch } from './inside-watch.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { Down, END_BOUNDS, Up } from './message-kinds.ts';
import { OwnMemory } from './own-memory.ts';
import { UnsentWrites } from './unsent-writes.ts';
import { WatchMoment } from './watch-moment.ts';

/** Bytes in the pipe from which a program has to wait. */
const FULL_PIPE_BYTES = 1 << 20;

const MIB = 1 << 20;

/** A program that gets more answers at once makes many calls at once, which an entry by a thread delays little. */
const FEW_ANSWERS = 4;

/** No program has this id. */
const NOBODY = 0;

type Options = Pick<Program, 'toolErrors' | 'console' | 'globals' | 'hold'>;

/** A pipe to the host. */
export type ProcessPipe = Pick<ChildPipe, 'read' | 'rest' | 'write' | 'unsentBytes' | 'mayBlock'>;

/** What a sandbox process is made of. */
export interface SandboxProcessParts {
  readonly pipe: (events: ChildPipeEvents) => ProcessPipe;
  readonly helperCode: HelperCode;
  /** Whether none of its code was found compiled. */
  readonly lacksCode: boolean;
  /** Whether the system ends this process with its host. Default: no. */
  readonly endsWithHost?: boolean;
}

/** The sandbox process's half of the pipe: an isolate sandbox, driven by frames. */
export class SandboxProcess {
  readonly #pipe: ProcessPipe;
  readonly #helperCode: HelperCode;
  readonly #lacksCode: boolean;
  readonly #endsWithHost: boolean;
  readonly #writer = new FrameWriter((chunk, taken) => this.#pipe.write(chunk, taken));
  readonly #watch = new InsideWatch();
  readonly #door: DirectDoor;
  readonly #guests = new Map<number, Guest>();
  readonly #values = new Map<number, ReadonlyMap<string, string>>();
  /** The symbols by which the isolate sandbox knows sessions. */
  readonly #sessions = new Map<number, symbol>();
  readonly #ledger = new MemoryLedger(() => process.memoryUsage.rss());
  #tools: readonly ProgramTool[] = [];
  #sandbox: IsolateSandbox | null = null;
  #memory: OwnMemory | null = null;

  #watchMoment: WatchMoment | null = null;

  constructor({ pipe, helperCode, lacksCode, endsWithHost = false }: SandboxProcessParts) {
    this.#endsWithHost = endsWithHost;
    const reader = new FrameReader();
    this.#helperCode = helperCode;
    this.#lacksCode = lacksCode;
    this.#pipe = pipe({
      onBytes: (chunk) => {
        const frames = reader.push(chunk);
        const answers = frames.reduce((sum, { kind }) => sum + Number(kind === Down.Answer), 0);
        if (answers > 0 && answers <= FEW_ANSWERS) this.#delivered();
        for (const frame of frames) this.#receive(frame);
      },
      onDrain: () => {
        for (const guest of this.#guests.values()) guest.pipeFull(false);
      },
      onEnd: die,
    });
    this.#door = new DirectDoor({
      pipe: this.#pipe,
      watch: this.#watch,
      endsWithHost,
      programs: () => this.#guests.size,
      flush: () => this.#writer.flush(),
      onShared: () => this.#writer.send(Up.Shared, 0, 0, 0),
    });
  }

  /** Frees its isolates. It must not be used again. */
  close(): void {
    void this.#sandbox?.close();
  }

  #receive(frame: Frame): void {
    const { kind, run, a, b, texts } = frame;
    const guest = this.#guests.get(run);
    switch (kind) {
      case Down.Limits:
        return this.#setUp(JSON.parse(texts[0]!) as SandboxLimits, a * MIB, b);
      case Down.Tools:
        this.#tools = JSON.parse(texts[0]!) as readonly ProgramTool[];
        return;
      case Down.Values:
        return this.#keepValues(a, texts);
      case Down.Start:
        return this.#start(frame);
      case Down.Answer:
        return guest?.run.answer(
          a,
          b === 1,
          b === 2 ? (JSON.parse(texts[0]!) as string) : texts[0]!,
        );
      case Down.Notified:
        return guest?.run.notified();
      case Down.Hold:
        return guest?.run.hold();
      case Down.Release:
        return guest?.run.release();
      case Down.Step:
        return guest?.run.step();
      case Down.Pause:
        return guest?.heldByHost(true);
      case Down.Unpause:
        return guest?.heldByHost(false);
      case Down.Kill:
        return this.#kill(run, guest);
      case Down.EndSession:
        return this.#endSession(a);
      case Down.Ping:
        return this.#writer.send(Up.Pong, 0, Number(this.#lacksCode), 0);
      case Down.Alone:
        return this.#door.leftAlone();
      case Down.Share:
        return this.#door.share();
      case Down.Weigh:
        return void this.#ledger.heaviest().then((id) => {
          this.#writer.send(Up.Heaviest, id ?? NOBODY, 0, 0);
        });
    }
  }

  #setUp(limits: SandboxLimits, limitBytes: number, aloneAfter: number): void {
    this.#sandbox = new IsolateSandbox({ limits });
    this.#sandbox.enterThrough(this.#door);
    this.#sandbox.compileHelpersWith(this.#helperCode);
    const usedBytes = () => process.memoryUsage.rss();
    const onExcess = () => {
      writeSync(2, lastWordsOf(limitBytes));
      die();
    };
    this.#memory = new OwnMemory({ limitBytes, usedBytes, onExcess });
    if (aloneAfter === 0) return giveUpThreads();
    const { mostBytes } = this.#memory;
    const isAble = this.#endsWithHost;
    this.#watchMoment = new WatchMoment(aloneAfter, isAble, () => {
      const onReady = () => {
        if (!isAble) this.#writer.send(Up.Able, 0, 0, 0);
      };
      this.#watch.start({ mostBytes, lastWords: lastWordsOf(limitBytes), onReady });
      giveUpThreads();
    });
  }

  /** A start or a few answers were delivered to a program. */
  #delivered(): void {
    if (this.#guests.size === 1) this.#watchMoment?.delivered();
  }

  #keepValues(session: number, texts: Frame['texts']): void {
    const values = new Map(this.#values.get(session));
    for (let at = 0; at + 1 < texts.length; at += 2) values.set(texts[at]!, texts[at + 1]!);
    this.#values.set(session, values);
  }

  #start({ run: id, a: session, texts }: Frame): void {
    const program: Program = {
      ...(JSON.parse(texts[1]!) as Options),
      source: texts[0]!,
      tools: this.#tools,
      values: this.#values.get(session) ?? new Map(),
    };
    if (this.#sandbox === null) throw new Error('Cannot start a program: no limits were given');
    const writes = new UnsentWrites((...texts) => {
      if (this.#guests.has(id)) this.#writer.send(Up.Writes, id, 0, 0, ...texts);
    });
    const run = this.#sandbox.run(program, this.#callsOf(id, writes), this.#symbolOf(session));
    this.#guests.set(id, new Guest(run));
    this.#delivered();
    void this.#memory?.watch(run.stopped);
    this.#ledger.add(id, run);
    void run.ended.then((end) => {
      writes.flush();
      this.#forget(id);
      sendEnd(this.#writer, id, end);
    });
  }

  #symbolOf(session: number): symbol {
    const known = this.#sessions.get(session);
    if (known !== undefined) return known;
    const added = Symbol(session);
    this.#sessions.set(session, added);
    return added;
  }

  #endSession(session: number): void {
    this.#values.delete(session);
    const known = this.#sessions.get(session);
    if (known === undefined) return;
    this.#sessions.delete(session);
    this.#sandbox?.forget(known);
  }

  /** Forwards what a program does, after the values that it stored before. */
  #callsOf(id: number, writes: UnsentWrites): ProgramCalls {
    const writer = this.#writer;
    const send = (kind: number, a = 0, b = 0, text?: string) => {
      writes.flush();
      if (text === undefined) writer.send(kind, id, a, b);
      else writer.send(kind, id, a, b, text);
    };
    return {
      started: () => send(Up.Started),
      waits: (isWaiting) => send(isWaiting ? Up.Waits : Up.Proceeds),
      output: (item) => {
        writes.flush();
        sendItem(writer, id, item);
        this.#checkPipe(id);
      },
      yieldControl: () => send(Up.Yield),
      store: (key, json) => {
        writes.add(key, json);
        if (this.#door.isInside) writes.flush();
        this.#checkPipe(id);
      },
      call: (call, tool, inputJson: string | undefined) => {
        send(Up.Call, call, tool, inputJson);
        this.#checkPipe(id);
      },
      notify: (text) => {
        send(Up.Notify, 0, 0, text);
        this.#checkPipe(id);
      },
      frontier: () => send(Up.Frontier),
    };
  }

  /** Pauses a program that has filled the pipe. */
  #checkPipe(id: number): void {
    if (this.#pipe.unsentBytes >= FULL_PIPE_BYTES) this.#guests.get(id)?.pipeFull(true);
  }

  #forget(id: number): void {
    this.#guests.delete(id);
    this.#ledger.remove(id);
  }

  #kill(id: number, guest: Guest | undefined): void {
    if (guest === undefined) return this.#writer.send(Up.Gone, id, 0, 0);
    this.#forget(id);
    guest.run.kill();
    // Its isolate is freed first, so that its memory is back when the host hears that it is gone.
    const tell = () => this.#writer.send(Up.Gone, id, 0, 0);
    void guest.run.stopped.then(() => setImmediate(tell));
  }
}

function sendItem(writer: FrameWriter, id: number, item: OutputItem): void {
  switch (item.type) {
    case 'input_text':
      return writer.send(Up.Text, id, 0, 0, item.text);
    case 'input_image':
      return writer.send(Up.Image, id, 0, 0, item.image_url, item.detail);
    case 'input_audio':
      return writer.send(Up.Audio, id, 0, 0, item.audio_url);
  }
}

function sendEnd(writer: FrameWriter, id: number, { failure, notes }: ProgramEnd): void {
  const { failureLength, noteLength } = END_BOUNDS;
  const text = failure?.text.slice(0, failureLength).toWellFormed();
  const remarks = notes.map((note) => note.slice(0, noteLength).toWellFormed());
  const { line = 0, column = 0 } = failure ?? {};
  writer.send(Up.End, id, line, column, failure?.kind, text, ...remarks.slice(0, END_BOUNDS.notes));
}

/** `process.exit` would wait for running isolates. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** The host reads the reason from the standard error. */
function lastWordsOf(limitBytes: number): string {
  const limit = `${limitBytes / MIB} MiB (maxProcessBytes)`;
  return `Fatal memory excess: the process went over its limit of ${limit} while its host was busy\n`;
}
