import {
  isReservedToolName,
  type OfferedTool,
  offeredTools,
  type ToolDefinition,
  toolIdentifier,
  toolNamespace,
} from '../tools.ts';
import { isJsonObject, type JsonObject, ownValue } from './json-object.ts';
import { schemaToTypescript } from './schema-to-typescript.ts';

/** How to write one declaration. */
export interface DeclareToolOptions {
  /** A text about the tool's namespace, placed before the description. Default: none. */
  readonly namespaceText?: string;
  /** Maximum length of the argument's type, in bytes of UTF-8; a longer one becomes `unknown`. Default: 16,000. */
  readonly maxInputBytes?: number;
}

/** How to write the list of all tools. */
export interface DescribeToolsOptions {
  /** Texts about namespaces, by name. A namespace without text has no heading. Default: none. */
  readonly namespaceTexts?: ReadonlyMap<string, string>;
  /**
   * Whether to include the shared MCP types: only if a listed tool returns one, or always, so that
   * the text also serves unlisted tools and stays the same when their schemas change.
   * Default: `when-needed`.
   */
  readonly mcpTypes?: 'when-needed' | 'always';
  /** As in `DeclareToolOptions`. */
  readonly maxInputBytes?: number;
}

/**
 * The types of MCP tool results that declarations refer to, as TypeScript without a code fence. A tool
 * of an MCP server returns `CallToolResult<T>`, where `T` is the declared type of
 * `structuredContent`.
 */
export const sharedMcpTypes = `type Role = "user" | "assistant";
type Meta = { [key: string]: unknown };
type Annotations = { audience?: Role[]; priority?: number; lastModified?: string };
type Icon = { src: string; mimeType?: string; sizes?: string[]; theme?: "light" | "dark" };
type Common = { annotations?: Annotations; _meta?: Meta };
type TextContent = Common & { type: "text"; text: string };
// \`data\` and \`blob\` are base64.
type ImageContent = Common & { type: "image"; data: string; mimeType: string };
type AudioContent = Common & { type: "audio"; data: string; mimeType: string };
type ResourceLink = Common & {
  type: "resource_link"; uri: string; name: string; title?: string;
  description?: string; mimeType?: string; size?: number; icons?: Icon[];
};
type ResourceContents = { uri: string; mimeType?: string; _meta?: Meta } & ({ text: string } | { blob: string });
type EmbeddedResource = Common & { type: "resource"; resource: ResourceContents };
type ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource;
// A call the tool answered with \`isError: true\` failed; \`content\` says why.
type CallToolResult<T = unknown> = {
  content: ContentBlock[]; structuredContent?: T; isError?: boolean; _meta?: Meta;
};`;

/**
 * The description of a tool, followed by its TypeScript declaration. For `exec` and `wait`, which
 * programs cannot call, only the description.
 *
 * Never throws: a schema that cannot be rendered is declared as `unknown`.
 */
export function declareTool(definition: ToolDefinition, options: DeclareToolOptions = {}): string {
  if (isReservedToolName(definition.name)) return definition.description;
  const declaration = `exec tool declaration:\n${fenced(declarationLine(definition, options))}`;
  return sections([options.namespaceText ?? '', definition.description, declaration]);
}

/**
 * The part of a prompt that lists tools: the shared MCP types if they are needed, then every offered
 * tool, in order, grouped by namespace. Groups without a heading come first, so that their tools do
 * not appear under the heading of another namespace. Empty if there are no tools.
 */
export function describeTools(
  definitions: readonly ToolDefinition[],
  options: DescribeToolsOptions = {},
): string {
  const offered = offeredTools(definitions);
  const needsTypes =
    options.mcpTypes === 'always' ||
    offered.some(({ definition }) => mcpResult(definition.outputSchema) !== null);
  const types = needsTypes ? `Types of MCP tool results:\n${fenced(sharedMcpTypes)}` : '';
  const groups = groupByHeading(offered, options.namespaceTexts ?? new Map());
  const texts = [...groups].flatMap(([heading, tools]) => [
    heading,
    ...tools.map((tool) => toolSection(tool, options)),
  ]);
  return sections([types, ...texts]);
}

function declarationLine(
  definition: ToolDefinition,
  { maxInputBytes }: DeclareToolOptions,
): string {
  const limit = maxInputBytes === undefined ? {} : { maxBytes: maxInputBytes };
  const input =
    definition.kind === 'freeform'
      ? 'input: string'
      : `args: ${schemaToTypescript(definition.inputSchema, limit)}`;
  const output = outputType(definition.outputSchema);
  const identifier = toolIdentifier(definition.name);
  return `declare const tools: { ${identifier}(${input}): Promise<${output}>; };`;
}

function outputType(schema: unknown): string {
  const result = mcpResult(schema);
  if (result === null) return schemaToTypescript(schema);
  // This is often the server's own schema, unchanged: its references are relative to it.
  const documents = [result.structuredContent, schema];
  const type = schemaToTypescript(result.structuredContent, { documents });
  return type === 'unknown' ? 'CallToolResult' : `CallToolResult<${type}>`;
}

/** The schemas inside an output schema of an MCP tool's result; null for any other schema. */
function mcpResult(schema: unknown): { readonly structuredContent: unknown } | null {
  try {
    if (!isTyped(schema, 'object')) return null;
    const properties = ownValue(schema, 'properties');
    if (!isJsonObject(properties)) return null;
    const content = ownValue(properties, 'content');
    const isResult =
      isTyped(content, 'array') &&
      isTyped(ownValue(content, 'items'), 'object') &&
      isTyped(ownValue(properties, 'isError'), 'boolean') &&
      isTyped(ownValue(properties, '_meta'), 'object');
    return isResult ? { structuredContent: ownValue(properties, 'structuredContent') } : null;
  } catch {
    // A getter or proxy trap of the schema threw.
    return null;
  }
}

function isTyped(schema: unknown, type: string): schema is JsonObject {
  return isJsonObject(schema) && ownValue(schema, 'type') === type;
}

function groupByHeading(
  offered: readonly OfferedTool[],
  texts: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly OfferedTool[]> {
  const groups = new Map<string, OfferedTool[]>([['', []]]);
  for (const tool of offered) {
    const { toolName } = tool.definition;
    const namespace = toolName === undefined ? null : toolNamespace(toolName);
    const text = namespace === null ? '' : (texts.get(namespace) ?? '');
    const heading = text.trim() === '' ? '' : `## ${namespace}\n${text}`;
    const group = groups.get(heading);
    if (group) group.push(tool);
    else groups.set(heading, [tool]);
  }
  return groups;
}

function toolSection(tool: OfferedTool, { maxInputBytes }: DescribeToolsOptions): string {
  const { definition, identifier } = tool;
  const rawName = identifier === definition.name ? '' : ` (\`${definition.name}\`)`;
  const options = maxInputBytes === undefined ? {} : { maxInputBytes };
  return `### \`${identifier}\`${rawName}\n${declareTool(definition, options)}`;
}

function fenced(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``;
}

function sections(texts: readonly string[]): string {
  return texts.filter((text) => text.trim() !== '').join('\n\n');
}
