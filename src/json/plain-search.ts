/** Compares bytes many at a time. */
export interface PlainSearch {
  /** Where the bytes have to be. */
  readonly room: Uint8Array;
  /**
   * How many bytes at the beginning of `room` are plain as far as it looks: see `endOfPlain`.
   *
   * @param length How far to look; a multiple of 16.
   * @returns A multiple of 16.
   */
  readonly plainBytes: (length: number) => number;
}

interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly room: { readonly buffer: ArrayBuffer };
      readonly plainBytes: (length: number) => number;
    };
  };
}

const I32 = 0x7f;
const V128 = 0x7b;
const EMPTY_BLOCK = 0x40;
const FUNCTION_TYPE = 0x60;
const FUNCTION = 0x00;
const MEMORY = 0x02;

/** Instructions of WebAssembly, as they are encoded. */
const BLOCK = [0x02, EMPTY_BLOCK];
const LOOP = [0x03, EMPTY_BLOCK];
const END = 0x0b;
const LENGTH = [0x20, 0];
const AT = [0x20, 1];
const SET_AT = [0x21, 1];
const STEP = [0x20, 2];
const TEE_STEP = [0x22, 2];
const IS_UP_TO = 0x4f;
const ADD_16 = [0x41, 16, 0x6a];
const LOAD_STEP = [0xfd, 0x00, 0, 0];
const EQUAL = [0xfd, 0x23];
const LESS = [0xfd, 0x26];
const OR = [0xfd, 0x50];
const IS_ANY = [0xfd, 0x53];
const LEAVE_IF = [0x0d, 1];
const AGAIN = [0x0c, 0];

function sixteen(character: string): readonly number[] {
  return [0xfd, 0x0c, ...new Array<number>(16).fill(character.charCodeAt(0))];
}

/** Looks at the next sixteen bytes until one is below a space, a quote or a backslash. */
const BODY: readonly number[] = [
  ...BLOCK,
  ...LOOP,
  ...[...AT, ...LENGTH, IS_UP_TO, ...LEAVE_IF],
  ...[...AT, ...LOAD_STEP, ...TEE_STEP, ...sixteen(' '), ...LESS],
  ...[...STEP, ...sixteen('"'), ...EQUAL, ...OR],
  ...[...STEP, ...sixteen('\\'), ...EQUAL, ...OR, ...IS_ANY, ...LEAVE_IF],
  ...[...AT, ...ADD_16, ...SET_AT, ...AGAIN],
  END,
  END,
  ...[...AT, END],
];

const LOCALS = [2, 1, I32, 1, V128];

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...sized(content)];
}

function sized(content: readonly number[]): readonly number[] {
  const { length } = content;
  return length < 0x80 ? [length, ...content] : [(length & 0x7f) | 0x80, length >> 7, ...content];
}

function named(name: string, kind: number): readonly number[] {
  return [...sized([...Buffer.from(name)]), kind, 0];
}

const MODULE: readonly number[] = [
  ...Buffer.from('\0asm'),
  ...[1, 0, 0, 0],
  ...section(1, [1, FUNCTION_TYPE, 1, I32, 1, I32]),
  ...section(3, [1, 0]),
  // One page: 64 KiB.
  ...section(5, [1, 0, 1]),
  ...section(7, [2, ...named('room', MEMORY), ...named('plainBytes', FUNCTION)]),
  ...section(10, [1, ...sized([...LOCALS, ...BODY])]),
];

/** Null if this machine, or the way Node.js was started, does not allow it. */
export function loadPlainSearch(): PlainSearch | null {
  try {
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyLike })
      .WebAssembly;
    const { room, plainBytes } = new Instance(new Module(Uint8Array.from(MODULE))).exports;
    return { room: new Uint8Array(room.buffer), plainBytes };
  } catch {
    return null;
  }
}
