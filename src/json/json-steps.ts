/**
 * What may come next in JSON; from `EndValue` on, what to do before that is known. Each is where its
 * row in `NEXT_STEPS` begins.
 */
export const JsonStep = {
  Invalid: 0,
  Value: 0x100,
  ValueOrEnd: 0x200,
  KeyOrEnd: 0x300,
  Key: 0x400,
  Colon: 0x500,
  CommaInObject: 0x600,
  CommaInArray: 0x700,
  /** The value is whole. */
  Nothing: 0x800,
  Minus: 0x900,
  Zero: 0xa00,
  Integer: 0xb00,
  Point: 0xc00,
  Fraction: 0xd00,
  Exponent: 0xe00,
  Sign: 0xf00,
  Power: 0x1000,
  /** In a string, and in a key: its characters, an escape, and the four digits of one. */
  String: 0x1100,
  KeyString: 0x1700,
  /** The rest of `null`, `true` and `false`, which need 3, 3 and 4. */
  Null: 0x1d00,
  True: 0x2000,
  False: 0x2300,
  /** A string or a word has ended with this byte. */
  EndValue: 0x2800,
  /** A number has ended before this byte. */
  EndNumber: 0x2900,
  OpenObject: 0x2a00,
  OpenArray: 0x2b00,
  Close: 0x2c00,
} as const;

/** Steps from here on are no places in a text but something to do. */
export const FIRST_ACTION: number = JsonStep.EndValue;

const DIGITS = '0123456789';
const NONZERO = '123456789';
const HEX_DIGITS = `${DIGITS}abcdefABCDEF`;
/** The length of a row: one entry for each byte. */
const ROW = 0x100;

/** The step after a byte: at the step before plus the byte. Actions have no row. */
export const NEXT_STEPS = new Uint16Array(FIRST_ACTION);

function rule(from: number, characters: string, to: number): void {
  for (const byte of Buffer.from(characters)) NEXT_STEPS[from + byte] = to;
}

for (const step of [JsonStep.Value, JsonStep.ValueOrEnd]) {
  rule(step, '"', JsonStep.String);
  rule(step, '{', JsonStep.OpenObject);
  rule(step, '[', JsonStep.OpenArray);
  rule(step, '-', JsonStep.Minus);
  rule(step, '0', JsonStep.Zero);
  rule(step, NONZERO, JsonStep.Integer);
  rule(step, 'n', JsonStep.Null);
  rule(step, 't', JsonStep.True);
  rule(step, 'f', JsonStep.False);
}
rule(JsonStep.ValueOrEnd, ']', JsonStep.Close);
rule(JsonStep.KeyOrEnd, '}', JsonStep.Close);
for (const step of [JsonStep.KeyOrEnd, JsonStep.Key]) rule(step, '"', JsonStep.KeyString);
rule(JsonStep.Colon, ':', JsonStep.Value);
rule(JsonStep.CommaInObject, ',', JsonStep.Key);
rule(JsonStep.CommaInObject, '}', JsonStep.Close);
rule(JsonStep.CommaInArray, ',', JsonStep.Value);
rule(JsonStep.CommaInArray, ']', JsonStep.Close);

for (const [rest, first] of [
  ['ull', JsonStep.Null],
  ['rue', JsonStep.True],
  ['alse', JsonStep.False],
] as const) {
  [...rest].forEach((letter, n) => {
    const step = first + n * ROW;
    rule(step, letter, n + 1 < rest.length ? step + ROW : JsonStep.EndValue);
  });
}

for (const [step, end] of [
  [JsonStep.String, JsonStep.EndValue],
  [JsonStep.KeyString, JsonStep.Colon],
] as const) {
  const escaped = step + ROW;
  // Bytes from 128 on belong to characters beyond ASCII.
  NEXT_STEPS.fill(step, step + 0x20, step + ROW);
  rule(step, '"', end);
  rule(step, '\\', escaped);
  rule(escaped, '"\\/bfnrt', step);
  rule(escaped, 'u', escaped + ROW);
  for (const digit of [1, 2, 3, 4]) {
    const at = escaped + digit * ROW;
    rule(at, HEX_DIGITS, digit < 4 ? at + ROW : step);
  }
}

for (const step of [JsonStep.Zero, JsonStep.Integer, JsonStep.Fraction, JsonStep.Power]) {
  NEXT_STEPS.fill(JsonStep.EndNumber, step, step + ROW);
}
rule(JsonStep.Minus, '0', JsonStep.Zero);
rule(JsonStep.Minus, NONZERO, JsonStep.Integer);
rule(JsonStep.Integer, DIGITS, JsonStep.Integer);
for (const step of [JsonStep.Zero, JsonStep.Integer]) rule(step, '.', JsonStep.Point);
for (const step of [JsonStep.Point, JsonStep.Fraction]) rule(step, DIGITS, JsonStep.Fraction);
for (const step of [JsonStep.Zero, JsonStep.Integer, JsonStep.Fraction]) {
  rule(step, 'eE', JsonStep.Exponent);
}
rule(JsonStep.Exponent, '+-', JsonStep.Sign);
for (const step of [JsonStep.Exponent, JsonStep.Sign, JsonStep.Power]) {
  rule(step, DIGITS, JsonStep.Power);
}

/** The same, with spaces between tokens. */
export const NEXT_STEPS_WITH_SPACES = NEXT_STEPS.slice();
for (const step of [
  JsonStep.Value,
  JsonStep.ValueOrEnd,
  JsonStep.KeyOrEnd,
  JsonStep.Key,
  JsonStep.Colon,
  JsonStep.CommaInObject,
  JsonStep.CommaInArray,
]) {
  for (const space of Buffer.from(' \t\n\r')) NEXT_STEPS_WITH_SPACES[step + space] = step;
}
