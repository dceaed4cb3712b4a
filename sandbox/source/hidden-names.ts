/** Names in the body of a program for what only modules have. No source can predict them. */
export interface HiddenNames {
  /** The name of `import.meta`. */
  readonly metaName: string;
  /** The name of `import()`. */
  readonly loadName: string;
  /** The name of the top-level `this`, which is undefined. */
  readonly thisName: string;
}

/** Each is as long as what it replaces. */
export function hiddenNames(source: string): HiddenNames {
  return {
    metaName: unusedName(source, 'import.meta'.length),
    loadName: unusedName(source, 'import'.length),
    thisName: unusedName(source, 'this'.length),
  };
}

/** An identifier of that length that does not occur in the source, and that no source can predict. */
export function unusedName(source: string, length: number): string {
  for (;;) {
    let name = '$';
    while (name.length < length) {
      name += String.fromCharCode(FIRST_LETTER + Math.floor(Math.random() * LETTERS));
    }
    if (!source.includes(name)) return name;
  }
}

/** The Han letters of the basic plane: enough of them that names of four units never run out. */
const FIRST_LETTER = 0x4e00;
const LETTERS = 20_000;
