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
 * What an identifier cannot have, anywhere or in front. Letters beyond the basic plane and those of
 * Unicode 17 are among them: not every parser of programs and declarations knows them.
 */
const NOT_IN_IDENTIFIER =
  /[\u{10000}-\u{10ffff}]|[\u1acf-\u1add\u1ae0-\u1aeb]|[\u088f\u0c5c\u0cdc\ua7ce\ua7cf\ua7d2\ua7d4\ua7f1]|[^\p{ID_Continue}$\u200c\u200d]|^[^\p{ID_Start}$_]/gu;
const NOT_IN_ASCII_IDENTIFIER = /[^A-Za-z0-9_$]|^[0-9]/gu;

/**
 * The JavaScript identifier for a flat name: each code point that an identifier cannot have becomes
 * `_`, and so does a leading digit. Two names can get the same identifier. Of the letters beyond ASCII,
 * those of the basic plane up to Unicode 16 stay.
 *
 * @param asciiOnly Whether code points beyond ASCII become `_` as well, as in Codex code mode. Default: false.
 */
export function toolIdentifier(name: string, asciiOnly = false): string {
  const unfit = asciiOnly ? NOT_IN_ASCII_IDENTIFIER : NOT_IN_IDENTIFIER;
  return name === '' ? '_' : name.replace(unfit, '_');
}

/** Whether a flat name belongs to the tools that run programs, which programs cannot call. */
export function isReservedToolName(name: string): boolean {
  return name === 'exec' || name === 'wait';
}

/**
 * The tools that programs may call, in the given order. If several have the same identifier, only
 * the first is offered. `exec` and `wait` never are.
 *
 * @param asciiOnly As in `toolIdentifier`.
 */
export function offeredTools(
  definitions: readonly ToolDefinition[],
  asciiOnly = false,
): readonly OfferedTool[] {
  const offered = new Map<string, OfferedTool>();
  for (const definition of definitions) {
    const identifier = toolIdentifier(definition.name, asciiOnly);
    if (isReservedToolName(definition.name) || offered.has(identifier)) continue;
    offered.set(identifier, { definition, identifier });
  }
  return [...offered.values()];
}
