import type { Tool, ToolAnnotations } from '@modelcontextprotocol/server';
import { describeRuntime, type ModelTool } from '../../src/describe/describe-runtime.ts';
import type { GuestGlobals } from '../../src/sandbox.ts';
import type { ToolDefinition } from '../../src/tools.ts';

/** Some clients cut descriptions at 4,096 characters. */
const MAX_DESCRIPTION_LENGTH = 4000;
const MAX_NAMES_LENGTH = 400;

/** Without this some clients hide our tools behind a search, or spill long results to files. */
const META = { 'anthropic/alwaysLoad': true, 'anthropic/maxResultSizeChars': 200_000 };

/** What a tool that runs unasked may do at worst. */
export interface Reach {
  readonly isReadOnly: boolean;
  readonly isDestructive: boolean;
  readonly isOpenWorld: boolean;
}

/** What is known of the tools that programs reach. */
export interface KnownTools {
  /** In a fixed order. */
  readonly definitions: readonly ToolDefinition[];
  /** One for each server: its name and how many tools it has. */
  readonly servers: readonly { readonly name: string; readonly tools: number }[];
  readonly reach: Reach;
  /** Tools of servers that clients are listed behind ours. */
  readonly direct: readonly Tool[];
}

/** What a tool may do that says this of itself. Without a word it may do anything. */
export function reachOf(annotations: ToolAnnotations | undefined): Reach {
  const isReadOnly = annotations?.readOnlyHint === true;
  return {
    isReadOnly,
    isDestructive: !isReadOnly && annotations?.destructiveHint !== false,
    isOpenWorld: annotations?.openWorldHint !== false,
  };
}

/** What one of several tools may do at worst. Of no tools: nothing. */
export function widest(reaches: Iterable<Reach>): Reach {
  const widest = { isReadOnly: true, isDestructive: false, isOpenWorld: false };
  for (const reach of reaches) {
    widest.isReadOnly &&= reach.isReadOnly;
    widest.isDestructive ||= reach.isDestructive;
    widest.isOpenWorld ||= reach.isOpenWorld;
  }
  return widest;
}

/**
 * `exec`, `wait` and `cells` as clients list them, always in this order, and the direct tools.
 *
 * @param globals Which globals programs have.
 */
export function ownTools(known: KnownTools, globals: GuestGlobals): readonly Tool[] {
  const { exec, wait, cells } = describeRuntime({
    tools: known.definitions,
    maxLength: MAX_DESCRIPTION_LENGTH,
    remarks: serverRemarks(known.servers),
    search: true,
    output: true,
    console: true,
    globals,
  });
  const unasked = { isReadOnly: false, isDestructive: false, isOpenWorld: false };
  return [
    listed(exec, 'Run a program', known.reach),
    listed(wait, 'Wait for a program', unasked),
    listed(cells, 'List or stop programs', unasked),
    ...known.direct,
  ];
}

/** What a client is told once, as `instructions`. */
export function instructionsFor(serverNames: readonly string[]): string {
  const about =
    'Run programs that call tools with `exec` instead of calling tools one by one; `wait` follows a program that keeps running, `cells` lists those that run.';
  if (serverNames.length === 0) return about;
  return `${about} Programs reach the tools of: ${shortened(serverNames)}.`;
}

function serverRemarks(servers: KnownTools['servers']): readonly string[] {
  if (servers.length === 0) return [];
  return [`Servers: ${shortened(servers.map(({ name, tools }) => `${name} (${tools} tools)`))}`];
}

function shortened(names: readonly string[]): string {
  let text = '';
  for (const [index, name] of names.entries()) {
    const next = index === 0 ? name : `${text}, ${name}`;
    if (next.length > MAX_NAMES_LENGTH) return `${text} and ${names.length - index} more`.trim();
    text = next;
  }
  return text;
}

function listed({ name, description, inputSchema }: ModelTool, title: string, reach: Reach): Tool {
  return {
    name,
    title,
    description,
    inputSchema: inputSchema as Tool['inputSchema'],
    annotations: {
      title,
      readOnlyHint: reach.isReadOnly,
      destructiveHint: reach.isDestructive,
      idempotentHint: false,
      openWorldHint: reach.isOpenWorld,
    },
    _meta: META,
  };
}
