/** How a tool takes its argument: an object, or a bare string. */
export type ToolKind = 'function' | 'freeform';

/** What a tool is routed by. */
export interface ToolName {
  readonly name: string;
  /** Null or `functions` for the default namespace. */
  readonly namespace: string | null;
}

/** A tool that programs may call. */
export interface ToolDefinition {
  /** Flat name, unique in a list of tools. `exec` and `wait` are the model's own and never offered to programs. */
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
 * The namespace a tool is shown under; null for the default one, which is written as null, as an
 * empty text or as `functions`.
 */
export function toolNamespace(toolName: ToolName): string | null {
  const { namespace } = toolName;
  return namespace === '' || namespace === 'functions' ? null : namespace;
}

/**
 * The one name that stands for a name and its namespace: `namespace__name`, or the bare name in
 * the default namespace. An underscore that is there already, on either side, is the separator.
 */
export function flatToolName(toolName: ToolName): string {
  const namespace = toolNamespace(toolName);
  if (namespace === null) return toolName.name;
  const separated = namespace.endsWith('_') || toolName.name.startsWith('_');
  return `${namespace}${separated ? '' : '__'}${toolName.name}`;
}

/**
 * The JavaScript identifier for a flat name: each character (code point) that cannot stand there
 * becomes `_`, and so does a digit in front. Two names may get the same one.
 */
export function toolIdentifier(name: string): string {
  return name === '' ? '_' : name.replace(/[^A-Za-z0-9_$]|^[0-9]/gu, '_');
}

/** Whether a flat name belongs to the tools that run programs, which programs cannot call. */
export function isReservedToolName(name: string): boolean {
  return name === 'exec' || name === 'wait';
}

/**
 * The tools that programs may call, in the given order. Of several with the same identifier the
 * first is offered; `exec` and `wait` never are.
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
