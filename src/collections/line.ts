/** Measures the items of lines. */
export interface ItemMeasure<I> {
  /** The cost of keeping an item, in bytes. */
  bytesOf(item: I): number;
  /** The age of an item. Rises from item to item in a line, and shows which of two lines has the older item. */
  orderOf(item: I): number;
}

/** Free places are released when there are this many, and they are at least half of all. */
const COMPACT_FROM = 64;

/**
 * Items in the order in which they came, each with a number: the first is 1, and no number is used twice.
 *
 * A line has no bound. Its owner makes room with `shift`.
 */
export class Line<I> {
  readonly #measure: ItemMeasure<I>;
  #lines: Lines<I> | null;
  /** A removed item leaves a hole; there is never a hole at `#head`. */
  #items: (I | undefined)[] = [];
  #head = 0;
  #first = 1;
  #size = 0;
  #bytes = 0;

  /** @param lines The lines whose budget it shares, if any. See `Lines.open`. */
  constructor(measure: ItemMeasure<I>, lines: Lines<I> | null = null) {
    this.#measure = measure;
    this.#lines = lines;
  }

  /** How many items are in the line. */
  get size(): number {
    return this.#size;
  }

  /** The cost of all items, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of the oldest item; of the next one if the line is empty. */
  get first(): number {
    return this.#first;
  }

  /** The number of the next item. */
  get next(): number {
    return this.#first + this.#items.length - this.#head;
  }

  /** The item with that number; undefined if it was taken out or has not come yet. */
  at(number: number): I | undefined {
    return number < this.#first ? undefined : this.#items[this.#head + number - this.#first];
  }

  /** The oldest item, which stays in the line. */
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

  /** Takes an item out, wherever it is. @returns Whether it was in the line. */
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

/** Lines that share a budget of bytes. Like a line, it measures; its owner makes room. */
export class Lines<I> {
  readonly #measure: ItemMeasure<I>;
  readonly #lines = new Set<Line<I>>();
  #bytes = 0;

  constructor(measure: ItemMeasure<I>) {
    this.#measure = measure;
  }

  /** The cost of the items in all lines, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many items are in all lines. */
  get items(): number {
    let items = 0;
    for (const { size } of this.#lines) items += size;
    return items;
  }

  /** Opens a line that counts towards the budget until it leaves. */
  open(): Line<I> {
    const line = new Line(this.#measure, this);
    this.#lines.add(line);
    return line;
  }

  /** The line with the oldest item of all; undefined if all lines are empty. */
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

  /** For lines only. */
  added(bytes: number): void {
    this.#bytes += bytes;
  }

  /** For lines only. */
  left(line: Line<I>): void {
    if (this.#lines.delete(line)) this.#bytes -= line.bytes;
  }
}
