/** One column: a client, and its cells by the names of their rows. */
export interface ClientColumn {
  /** Without the version. */
  readonly title: string;
  readonly version: string;
  readonly cells: Readonly<Record<string, string>>;
}

const TABLE = /(\n## Clients\n.*?\n)((?:\|[^\n]*\|\n)+)/s;

/**
 * Puts a column into the table of the section "Clients", in place of the one with this title.
 *
 * @throws If there is no table.
 */
export function withColumn(page: string, column: ClientColumn): string {
  const match = TABLE.exec(page);
  if (match === null) throw new Error('The page has no table in a section "Clients"');
  const [whole, before = '', table = ''] = match;
  const rows = table.trimEnd().split('\n').map(cellsOf);
  return page.replace(whole, () => before + render(replaced(rows, column)));
}

/** The rows with the new column: first those of the column, in its order. */
function replaced(rows: readonly (readonly string[])[], column: ClientColumn) {
  const [heads = [''], , ...body] = rows;
  const isOurs = (head: string) => head.startsWith(`${column.title} `);
  const at = heads.some(isOurs) ? heads.findIndex(isOurs) : heads.length;
  const known = new Map(body.map(([name = '', ...cells]) => [name, cells]));
  const names = new Set([...Object.keys(column.cells), ...known.keys()]);
  const width = Math.max(heads.length, at + 1);
  const row = (first: string, cells: readonly string[], own: string) =>
    Array.from({ length: width }, (_, index) => {
      if (index === 0) return first;
      return index === at ? own : cells[index - 1] || '—';
    });
  const lines = [...names].map((name) =>
    row(name, known.get(name) ?? [], column.cells[name] ?? '—'),
  );
  const used = lines.filter((cells) => cells.slice(1).some((cell) => cell !== '—'));
  return [row('', heads.slice(1), `${column.title} ${column.version}`), ...used];
}

function render([heads = [], ...body]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`.replace('|  |', '| |');
  return [line(heads), `${'|---'.repeat(heads.length)}|\n`, ...body.map(line)].join('');
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}
