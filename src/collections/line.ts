/** How the items of lines are measured. */
export interface ItemMeasure<I> {
  /** What it costs to keep the item, in bytes. */
  bytesOf(item: I): number;
  /** When it came: rises from item to item in a line, and tells which of two lines has the older one. */
  orderOf(item: I): number;
}

/** Free places are given back when there are this many, and more than half of all. */
const COMPACT_FROM = 64;

/**
 * Items in the order they came, each with a number: the first is 1, and no number is used twice.
 *
 * Bounds are up to the owner, who makes room with `shift`.
 */
export class Line<I> {
  readonly #measure: ItemMeasure<I>;
  #lines: Lines<I> | null;
  /** A removed item leaves a hole; the place at `#head` is never one. */
  #items: (I | undefined)[] = [];
  #head = 0;
  #first = 1;
  #size = 0;
  #bytes = 0;

  /** @param lines The lines whose budget it shares; null for none. See `Lines.open`. */
  constructor(measure: ItemMeasure<I>, lines: Lines<I> | null = null) {
    this.#measure = measure;
    this.#lines = lines;
  }

  /** How many items are kept. */
  get size(): number {
    return this.#size;
  }

  /** What they cost together, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the oldest item; the number of the next one if there is no item. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next item gets. */
  get next(): number {
    return this.#first + this.#items.length - this.#head;
  }

  /** The item of that number; undefined if it was taken out, or has not come yet. */
  at(number: number): I | undefined {
    return number < this.#first ? undefined : this.#items[this.#head + number - this.#first];
  }

  /** The oldest item, which stays. */
  peek(): I | undefined {
    return this.#items[this.#head];
  }

  push(item: I): void {
    const bytes = this.#measure.bytesOf(item);
    this.#items.push(item);
    this.#size += 1;
    this.#bytes += bytes;
    this.#lines?.added(bytes);
  }

  /** Takes the oldest item out. */
  shift(): I | undefined {
    const item = this.#items[this.#head];
    if (item !== undefined) this.#takeOut(this.#head, item);
    return item;
  }

  /** Takes an item out of the middle. @returns Whether it was there. */
  remove(item: I): boolean {
    const at = this.#items.indexOf(item, this.#head);
    if (at >= 0) this.#takeOut(at, item);
    return at >= 0;
  }

  /** Takes all items out. @returns The items, the oldest first. */
  clear(): readonly I[] {
    const items: I[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item);
    return items;
  }

  /** Leaves the budget. The items stay. */
  leave(): void {
    this.#lines?.left(this);
    this.#lines = null;
  }

  #takeOut(at: number, item: I): void {
    const bytes = this.#measure.bytesOf(item);
    this.#items[at] = undefined;
    this.#size -= 1;
    this.#bytes -= bytes;
    this.#lines?.added(-bytes);
    while (this.#head < this.#items.length && this.#items[this.#head] === undefined) {
      this.#head += 1;
      this.#first += 1;
    }
    if (this.#head < COMPACT_FROM || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

/** Lines that share a budget of bytes. */
export class Lines<I> {
  readonly #measure: ItemMeasure<I>;
  readonly #lines = new Set<Line<I>>();
  #bytes = 0;

  constructor(measure: ItemMeasure<I>) {
    this.#measure = measure;
  }

  /** What all items cost together, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Items in all lines. */
  get items(): number {
    let items = 0;
    for (const { size } of this.#lines) items += size;
    return items;
  }

  open(): Line<I> {
    const line = new Line(this.#measure, this);
    this.#lines.add(line);
    return line;
  }

  /** The line that has the oldest item of all; undefined if there is no item. */
  oldest(): Line<I> | undefined {
    let oldest: Line<I> | undefined;
    let oldestOrder = Number.POSITIVE_INFINITY;
    for (const line of this.#lines) {
      const item = line.peek();
      if (item === undefined) continue;
      const order = this.#measure.orderOf(item);
      if (order < oldestOrder) [oldest, oldestOrder] = [line, order];
    }
    return oldest;
  }

  /** Called by lines alone. */
  added(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Called by lines alone. */
  left(line: Line<I>): void {
    if (this.#lines.delete(line)) this.#bytes -= line.bytes;
  }
}
