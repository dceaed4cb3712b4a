import { join } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import type { Symbol as ApiSymbol, Checker, Project } from 'typescript/unstable/sync';
import { emitted, withEmittedProject } from './emitted-project.ts';

/** The kinds of declarations, in the order in which a page shows them. */
export const KINDS = ['function', 'class', 'type', 'constant'] as const;
export type Kind = (typeof KINDS)[number];

/** A declaration of an entry point, as it is published. */
export interface Declared {
  readonly name: string;
  readonly kind: Kind;
  /** Its documentation comment, without the delimiters; empty if it has none. */
  readonly comment: string;
  /** TypeScript, without that comment, private members and members marked `@internal`. */
  readonly code: string;
  /** The declarations of this project that it refers to. */
  readonly uses: readonly string[];
}

/** What one entry point declares. */
export interface EntryDeclarations {
  readonly exported: readonly Declared[];
  /**
   * Types that exported declarations refer to, and that users cannot import by name: neither this entry
   * point exports them nor the first one, which the others build on.
   */
  readonly hidden: readonly Declared[];
}

/**
 * Reads the declarations of entry points, as the build emits them.
 *
 * @param entries Paths of source files, from the root of the project; first the one that others build on.
 */
export function readDeclarations(
  entries: readonly string[],
): ReadonlyMap<string, EntryDeclarations> {
  return withEmittedProject(entries, (project, folder) => readEntries(project, folder, entries));
}

function readEntries(
  { program, checker }: Project,
  folder: string,
  entries: readonly string[],
): ReadonlyMap<string, EntryDeclarations> {
  const symbols = new Map(
    entries.map((entry) => {
      const file = program.getSourceFile(emitted(folder, entry));
      const module = file && checker.getSymbolAtLocation(file);
      if (module === undefined) throw new Error(`Cannot find the declarations of ${entry}`);
      return [entry, checker.getExportsOfModule(module).map((each) => target(checker, each))];
    }),
  );
  const main = symbols.get(entries[0]!) ?? [];
  const readers = [...symbols].map(([entry, exported]) => {
    const importable = new Set([...main, ...exported].map(({ id }) => id));
    return [entry, new DeclarationReader(checker, folder, importable).read(exported)] as const;
  });
  return new Map(readers);
}

/** The symbol that an export refers to. */
function target(checker: Checker, symbol: ApiSymbol): ApiSymbol {
  const [node] = symbol.declarations;
  const isAlias =
    node?.kind === SyntaxKind.ExportSpecifier || node?.kind === SyntaxKind.ImportSpecifier;
  return isAlias ? checker.getAliasedSymbol(symbol) : symbol;
}

class DeclarationReader {
  readonly #checker: Checker;
  readonly #folder: string;
  readonly #importable: ReadonlySet<number>;

  /** @param importable What users of the entry point can import by name. */
  constructor(checker: Checker, folder: string, importable: ReadonlySet<number>) {
    this.#checker = checker;
    this.#folder = join(folder, 'dist');
    this.#importable = importable;
  }

  read(symbols: readonly ApiSymbol[]): EntryDeclarations {
    const hidden = new Map<number, ApiSymbol>();
    const exported = symbols.map((symbol) => this.#declared(symbol, hidden));
    const found = [...hidden.values()].map((symbol) => this.#declared(symbol));
    return { exported: sorted(exported), hidden: sorted(found) };
  }

  /** @param hidden Gets the types that are not exported. */
  #declared(symbol: ApiSymbol, hidden = new Map<number, ApiSymbol>()): Declared {
    const node = statementOf(symbol);
    const text = node.getSourceFile().text;
    const used = new Map<number, ApiSymbol>();
    const removed = removedMembers(node);
    this.#collect(node, removed, used);
    used.delete(symbol.id);
    for (const [id, each] of used) {
      if (!this.#importable.has(id)) hidden.set(id, each);
    }
    const comment = node.jsDoc?.at(-1);
    return {
      name: symbol.name,
      kind: kindOf(node),
      comment: comment === undefined ? '' : withoutDelimiters(text.slice(comment.pos, comment.end)),
      code: codeOf(node, text, removed),
      uses: Array.from(used.values(), ({ name }) => name).sort(),
    };
  }

  /** The symbols of this project that a declaration refers to. */
  #collect(node: Node, removed: readonly Node[], used: Map<number, ApiSymbol>): void {
    if (removed.includes(node)) return;
    if (node.kind === SyntaxKind.Identifier) {
      const symbol = this.#checker.getSymbolAtLocation(node);
      const found = symbol && target(this.#checker, symbol);
      if (found !== undefined && this.#isOurs(found)) used.set(found.id, found);
    }
    node.forEachChild((child) => this.#collect(child, removed, used));
  }

  #isOurs({ declarations: [first] }: ApiSymbol): boolean {
    const isHere = first?.path.toLowerCase().startsWith(this.#folder.toLowerCase()) === true;
    return isHere && first.kind in TYPE_KINDS;
  }
}

/** Declarations that are worth a link. */
const TYPE_KINDS: Readonly<Record<number, true>> = {
  [SyntaxKind.ClassDeclaration]: true,
  [SyntaxKind.InterfaceDeclaration]: true,
  [SyntaxKind.TypeAliasDeclaration]: true,
};

/** The statement that declares a symbol. */
function statementOf(symbol: ApiSymbol): Node {
  const node = symbol.declarations[0]?.resolve();
  if (node === undefined) throw new Error(`Cannot find the declaration of ${symbol.name}`);
  return node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node;
}

function kindOf({ kind }: Node): Kind {
  if (kind === SyntaxKind.FunctionDeclaration) return 'function';
  if (kind === SyntaxKind.ClassDeclaration) return 'class';
  return kind === SyntaxKind.VariableStatement ? 'constant' : 'type';
}

/** Members that readers cannot use: private ones, and those marked `@internal`. */
function removedMembers(node: Node): readonly Node[] {
  const removed: Node[] = [];
  if (node.kind !== SyntaxKind.ClassDeclaration) return removed;
  node.forEachChild((member) => {
    const text = member.getText();
    const comment = member.jsDoc?.map((each) => each.getText()).join('') ?? '';
    if (/^(?:#private|private\s)/.test(text) || comment.includes('@internal')) removed.push(member);
  });
  return removed;
}

/** Longest initial value of a constant, in UTF-16 units. */
const MAX_VALUE_LENGTH = 100;

function codeOf(node: Node, text: string, removed: readonly Node[]): string {
  let code = '';
  let at = node.getStart();
  for (const member of removed) {
    code += text.slice(at, member.pos);
    at = member.end;
  }
  code += text.slice(at, node.end);
  return code
    .replace(/^export (?:declare )?/, '')
    .replace(/^declare /, '')
    .replace(/^(const \w+) = (.*);$/s, (all, start, value) =>
      value.length > MAX_VALUE_LENGTH ? `${start}: string;` : all,
    )
    .replaceAll(/^(?: {4})+/gm, (indent) => ' '.repeat(indent.length / 2))
    .replace(/^(type .*=) *\n(.*)$/s, (_, start, members) => `${start}\n${indented(members)}`);
}

/** The members of a union with comments, which are emitted without an indent. */
function indented(members: string): string {
  return members.replaceAll(/^(?: (?=\| ))?/gm, '  ');
}

function withoutDelimiters(comment: string): string {
  return comment
    .trim()
    .replace(/^\/\*\*\s*/, '')
    .replace(/\s*\*\/$/, '')
    .replaceAll(/^\s*\* ?/gm, '');
}

function sorted(declared: readonly Declared[]): readonly Declared[] {
  return declared.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
