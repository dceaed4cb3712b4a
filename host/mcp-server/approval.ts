import type { ToolCall } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { NestedTool } from '../mcp/nested-servers.ts';
import type { Ask, Question } from '../mcp/tool-server.ts';

const MAX_ARGUMENTS_LENGTH = 2000;

/**
 * Asks a person whether a call may be made. Resolves if it may.
 *
 * @param ask Undefined if there is nobody to ask.
 * @throws `tool_server_failed` that says why not and how to allow the tool; the signal's reason.
 */
export async function approve(
  call: ToolCall,
  { server, tool }: NestedTool,
  ask: Ask | undefined,
  signal: AbortSignal,
): Promise<void> {
  const how = `take "${tool.name}" out of \`ask\` of server "${server.name}" in the configuration to allow it`;
  if (ask === undefined) {
    throw denied(call, `a person must approve it, and this client cannot ask one; ${how}`);
  }
  const { action, content } = await ask(question(call, server.name, tool.name), signal);
  if (action === 'accept' && content?.decision === 'allow') return;
  throw denied(
    call,
    action === 'accept' || action === 'decline' ? 'it was refused' : 'nobody decided',
  );
}

/** Says which server asks. */
export function askingAs(server: { readonly name: string }, ask: Ask | undefined): Ask | undefined {
  if (ask === undefined) return undefined;
  const asks = `Tool server "${server.name}" asks: `;
  return (question, ...terms) => ask({ ...question, message: asks + question.message }, ...terms);
}

/** The arguments are one line of JSON: a program cannot add words of its own to the question. */
function question(call: ToolCall, server: string, tool: string): Question {
  const json = call.inputJson ?? '{}';
  const missing = json.length - MAX_ARGUMENTS_LENGTH;
  const shown =
    missing > 0 ? `${json.slice(0, MAX_ARGUMENTS_LENGTH)}… (${missing} more characters)` : json;
  return {
    mode: 'form',
    message: `A program wants to call the tool "${tool}" of server "${server}".\nArguments: ${shown}`,
    requestedSchema: {
      type: 'object',
      properties: {
        decision: {
          type: 'string',
          title: 'Allow this call?',
          enum: ['allow', 'deny'],
          default: 'deny',
        },
      },
      required: ['decision'],
    },
  };
}

function denied(call: ToolCall, why: string): CodeModeError {
  return new CodeModeError('tool_server_failed', `Cannot call ${call.tool}: ${why}`);
}
