/** Code that V8 made of the helpers of programs in an earlier process. */
export interface HelperCode {
  /** The code of a script, if it was made of exactly this text. */
  readonly find: (name: string, text: string) => Uint8Array | null;
  /** Called with the code of a script for which none was found. */
  readonly made?: (name: string, text: string, code: Uint8Array) => void;
}

/** None is found. */
export const NO_HELPER_CODE: HelperCode = { find: () => null };
