import { type Excess, tooLarge } from './end-cause.ts';
import type { EngineProcess } from './engine-process.ts';
import type { ProcessLimits } from './limits.ts';
import { FINE, isNear, type Pressure, press } from './memory-pressure.ts';

type MemoryLimits = Pick<ProcessLimits, 'maxProcessBytes' | 'maxTotalBytes'>;

/**
 * Watches the memory of sandbox processes, and has the heaviest programs or whole processes ended if
 * they use too much.
 */
export class MemoryWatch {
  readonly #limits: MemoryLimits;
  readonly #pressures = new WeakMap<EngineProcess, Pressure>();
  #total: Pressure = FINE;
  #short = false;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** Whether all processes together used so much at the last look that none may stay idle. */
  get short(): boolean {
    return this.#short;
  }

  /**
   * Checks once the processes that are running something.
   *
   * @returns Whether so much is used that the next check should come soon.
   */
  look(engines: readonly EngineProcess[], nowMs: number): boolean {
    const { maxProcessBytes, maxTotalBytes } = this.#limits;
    let total = 0;
    let near = false;
    let largest: { readonly engine: EngineProcess; readonly bytes: number } | null = null;
    for (const engine of engines) {
      const bytes = engine.usedBytes;
      const excess = {
        limit: 'maxProcessBytes',
        limitBytes: maxProcessBytes,
        usedBytes: bytes,
      } as const;
      const pressure = this.#pressures.get(engine) ?? FINE;
      this.#pressures.set(engine, this.#relieve(engine, pressure, excess, nowMs));
      if (engine.gone) continue;
      total += bytes;
      near ||= isNear(bytes, maxProcessBytes);
      if (largest === null || bytes > largest.bytes) largest = { engine, bytes };
    }
    this.#short = isNear(total, maxTotalBytes);
    if (largest === null) return false;
    const excess = { limit: 'maxTotalBytes', limitBytes: maxTotalBytes, usedBytes: total } as const;
    this.#total = this.#relieve(largest.engine, this.#total, excess, nowMs);
    return near || this.#short;
  }

  #relieve(engine: EngineProcess, pressure: Pressure, excess: Excess, nowMs: number): Pressure {
    const [next, verdict] = press(pressure, { ...excess, nowMs, stopping: engine.stopping });
    if (verdict === 'end') engine.end('memory', tooLarge(excess));
    else if (verdict === 'pick') engine.heaviest.seek(excess);
    else if (pressure.phase !== 'fine' && next.phase === 'fine')
      engine.heaviest.spare(excess.limit);
    return next;
  }
}
