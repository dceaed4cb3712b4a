import MiniSearch from 'minisearch';
import { isJsonObject, ownValue } from '../../src/describe/json-object.ts';
import { type OfferedTool, offeredTools, type ToolDefinition } from '../../src/tools.ts';

/** A tool that was found. */
export interface FoundTool {
  /** As programs call it. */
  readonly name: string;
  readonly description: string;
}

const MAX_FOUND = 100;
/** Tools that are indexed in one turn of the event loop. */
const CHUNK_SIZE = 100;

/** Finds tools by what they are called, what they do, and what their arguments are called. */
export class ToolIndex {
  readonly #tools: ReadonlyMap<string, OfferedTool>;
  #index: Promise<MiniSearch> | undefined;

  constructor(definitions: readonly ToolDefinition[]) {
    this.#tools = new Map(offeredTools(definitions).map((tool) => [tool.identifier, tool]));
  }

  /**
   * The best matches, the best first. Words match by their beginning and with small mistakes.
   *
   * @param limit At most 100 are returned.
   */
  async search(query: string, limit: number): Promise<readonly FoundTool[]> {
    this.#index ??= this.#build();
    const results = (await this.#index).search(query).slice(0, Math.min(limit, MAX_FOUND));
    return results.map(({ id }) => {
      const { identifier, definition } = this.#tools.get(id)!;
      return { name: identifier, description: definition.description };
    });
  }

  /** A tool by the name that programs call it by, or by its name in its definition. */
  find(name: string): ToolDefinition | undefined {
    const found = this.#tools.get(name)?.definition;
    if (found !== undefined) return found;
    return [...this.#tools.values()].find(({ definition }) => definition.name === name)?.definition;
  }

  /** Built at the first search: most programs make none. */
  async #build(): Promise<MiniSearch> {
    const index = new MiniSearch({
      fields: ['name', 'description', 'argumentNames'],
      tokenize: wordsOf,
      searchOptions: { boost: { name: 3 }, prefix: true, fuzzy: 0.2 },
    });
    const documents = [...this.#tools.values()].map(({ identifier, definition }) => ({
      id: identifier,
      name: identifier,
      description: definition.description,
      argumentNames: argumentNames(definition.inputSchema),
    }));
    await index.addAllAsync(documents, { chunkSize: CHUNK_SIZE });
    return index;
  }
}

/** `list_openIssues` has the words list, open and issues. */
function wordsOf(text: string): string[] {
  const spaced = text.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2');
  return spaced.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

function argumentNames(schema: unknown): string {
  const properties = isJsonObject(schema) ? ownValue(schema, 'properties') : undefined;
  return isJsonObject(properties) ? Object.keys(properties).join(' ') : '';
}
