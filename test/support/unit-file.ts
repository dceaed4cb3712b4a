/** The settings of one section of a unit file, in their order. */
export type UnitSettings = readonly (readonly [key: string, value: string])[];

/**
 * Reads a unit file of systemd, as far as its page uses the syntax.
 *
 * @throws Error with the line that is neither a section nor a setting in one.
 */
export function readUnit(text: string): ReadonlyMap<string, UnitSettings> {
  const sections = new Map<string, [string, string][]>();
  let current: [string, string][] | undefined;
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, section] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (section !== undefined) {
      if (sections.has(section)) throw new Error(`two sections ${section}`);
      current = [];
      sections.set(section, current);
      continue;
    }
    const [, key, value] = /^([A-Z]\w*)=(\S.*)$/.exec(line) ?? [];
    if (current === undefined || key === undefined || value === undefined) throw new Error(line);
    current.push([key, value]);
  }
  return sections;
}

/** One instruction of a container file. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

const INSTRUCTIONS = [
  ...['FROM', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'STOPSIGNAL', 'ENTRYPOINT'],
  ...['CMD', 'WORKDIR', 'ARG', 'LABEL', 'VOLUME', 'ADD', 'SHELL', 'ONBUILD'],
];

/** Reads a container file without continued lines. @throws Error with the line that is no instruction. */
export function readContainerFile(text: string): readonly Instruction[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+) (\S.*)$/.exec(line) ?? [];
      if (!INSTRUCTIONS.includes(name)) throw new Error(line);
      return { name, rest };
    });
}

/** The words of an instruction in the form of a JSON array. @throws Error for any other form. */
export function wordsOf(rest: string): readonly string[] {
  const words: unknown = JSON.parse(rest.slice(rest.indexOf('[')));
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  throw new Error(`not a list of words: ${rest}`);
}
