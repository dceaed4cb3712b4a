/** What a tool accepts as its argument: an object, or a plain string. */
export type ToolKind = 'function' | 'freeform';

/** The name that a tool is routed by. */
export interface ToolName {
  readonly name: string;
  /** Null or `functions` for the default namespace. */
  readonly namespace: string | null;
}

/** A tool that programs may call. */
export interface ToolDefinition {
  /** Flat name, unique in a list of tools. `exec` and `wait` are for the model and never offered to programs. */
  readonly name: string;
  /** Default: the flat name, without a namespace. */
  readonly toolName?: ToolName;
  readonly description: string;
  /** Default: `function`. */
  readonly kind?: ToolKind;
  /** JSON Schema of the argument. */
  readonly inputSchema?: unknown;
  /** JSON Schema of the result. */
  readonly outputSchema?: unknown;
}

/** A tool as programs reach it. */
export interface OfferedTool {
  readonly definition: ToolDefinition;
  /** The property of `tools`: a JavaScript identifier, unique in a list of offered tools. */
  readonly identifier: string;
}

/**
 * The namespace under which a tool is shown; null for the default one, which can be written as null,
 * as an empty string or as `functions`.
 */
export function toolNamespace(toolName: ToolName): string | null {
  const { namespace } = toolName;
  return namespace === '' || namespace === 'functions' ? null : namespace;
}

/**
 * A name and its namespace as one name: `namespace__name`, or the bare name in the default
 * namespace. An underscore that either side already has serves as the separator.
 */
export function flatToolName(toolName: ToolName): string {
  const namespace = toolNamespace(toolName);
  if (namespace === null) return toolName.name;
  const separated = namespace.endsWith('_') || toolName.name.startsWith('_');
  return `${namespace}${separated ? '' : '__'}${toolName.name}`;
}

/**
 * The JavaScript identifier for a flat name: each code point that an identifier cannot have becomes
 * `_`, and so does a leading digit. Two names can get the same identifier.
 */
export function toolIdentifier(name: string): string {
  return name === '' ? '_' : name.replace(/[^A-Za-z0-9_$]|^[0-9]/gu, '_');
}

/** Whether a flat name belongs to the tools that run programs, which programs cannot call. */
export function isReservedToolName(name: string): boolean {
  return name === 'exec' || name === 'wait';
}

/**
 * The tools that programs may call, in the given order. If several have the same identifier, only
 * the first is offered. `exec` and `wait` never are.
 */
export function offeredTools(definitions: readonly ToolDefinition[]): readonly OfferedTool[] {
  const offered = new Map<string, OfferedTool>();
  for (const definition of definitions) {
    const identifier = toolIdentifier(definition.name);
    if (isReservedToolName(definition.name) || offered.has(identifier)) continue;
    offered.set(identifier, { definition, identifier });
  }
  return [...offered.values()];
}
