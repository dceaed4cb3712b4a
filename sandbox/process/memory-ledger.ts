/** A program, as far as its memory can be measured from outside. */
export interface Suspect {
  /** How long threads have been inside its isolate so far, in milliseconds. Never blocks. */
  readonly insideMs: number;
  /** Whether no thread is inside. */
  readonly resting: boolean;
  /** What V8 counts for it, in bytes. Does not resolve while the program runs. Never rejects. */
  usedBytes(): Promise<number>;
}

interface Account {
  readonly suspect: Suspect;
  /** The growth of the process that is attributed to this program. */
  bytes: number;
  insideMs: number;
}

const SAMPLE_MS = 25;
/** How long programs at rest may take to report what they use, in milliseconds. */
const ANSWER_MS = 10;
/** Assumed for a program that has hardly run. */
const PRIOR_BYTES = 16 << 20;
const PRIOR_MS = 10;

/**
 * Finds out which of several programs in one process uses the most memory.
 *
 * V8 reports what an isolate uses only while it rests, and does not count everything. So growth of
 * the process is attributed to those that ran meanwhile, and among them to those that grew before.
 */
export class MemoryLedger {
  readonly #accounts = new Map<number, Account>();
  readonly #readBytes: () => number;
  #timer: NodeJS.Timeout | undefined;
  /** What the process used at the last look; null if that no longer means anything. */
  #lastBytes: number | null = null;
  /** What programs that are gone used and the process has not given back yet. */
  #leftBytes = 0;

  /** @param readBytes Memory of the whole process. */
  constructor(readBytes: () => number) {
    this.#readBytes = readBytes;
  }

  /** A look costs more than a short program, so a program that is alone is first looked at after a while. */
  add(id: number, suspect: Suspect): void {
    if (this.#accounts.size > 0) this.sample();
    this.#accounts.set(id, { suspect, bytes: 0, insideMs: suspect.insideMs });
    if (this.#accounts.size > 2) return;
    clearTimeout(this.#timer);
    const look = () => this.sample();
    const alone = this.#accounts.size === 1;
    this.#timer = (alone ? setTimeout(look, SAMPLE_MS) : setInterval(look, SAMPLE_MS)).unref();
  }

  remove(id: number): void {
    this.#leftBytes += this.#accounts.get(id)?.bytes ?? 0;
    this.#accounts.delete(id);
    if (this.#accounts.size > 1) return;
    clearTimeout(this.#timer);
    if (this.#accounts.size > 0) return;
    this.#leftBytes = 0;
    this.#lastBytes = null;
  }

  /** Attributes what the process grew or shrank since the last look. */
  sample(): void {
    const grown = this.#grownBytes();
    const weights = new Map<Account, number>();
    let sum = 0;
    for (const account of this.#accounts.values()) {
      const before = account.insideMs;
      account.insideMs = account.suspect.insideMs;
      const ran = Math.max(0, account.insideMs - before);
      const weight = (ran * (account.bytes + PRIOR_BYTES)) / (before + PRIOR_MS);
      weights.set(account, weight);
      sum += weight;
    }
    if (sum === 0) return;
    for (const [account, weight] of weights) {
      account.bytes = Math.max(0, account.bytes + (grown * weight) / sum);
    }
  }

  #grownBytes(): number {
    const bytes = this.#readBytes();
    const grown = bytes - (this.#lastBytes ?? bytes);
    this.#lastBytes = bytes;
    if (grown >= 0) return grown;
    const givenBack = Math.min(this.#leftBytes, -grown);
    this.#leftBytes -= givenBack;
    return grown + givenBack;
  }

  /**
   * The id of the program that uses the most; null if there is none.
   *
   * A program counts with what was attributed to it, or with what V8 reports if that is more.
   */
  async heaviest(): Promise<number | null> {
    this.sample();
    const accounts = [...this.#accounts];
    const told = new Map<number, number>();
    const answers = accounts.map(async ([id, { suspect }]) => {
      if (suspect.resting) told.set(id, await suspect.usedBytes());
    });
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ANSWER_MS);
    await Promise.race([Promise.all(answers), tooLong]);
    clearTimeout(timer);
    let heaviest: { readonly id: number; readonly bytes: number } | null = null;
    for (const [id, { bytes: putDown }] of accounts) {
      const bytes = Math.max(putDown, told.get(id) ?? 0);
      if (heaviest === null || bytes > heaviest.bytes) heaviest = { id, bytes };
    }
    return heaviest?.id ?? null;
  }
}
