import { ToolCall } from '../../src/delegate.ts';
import { type CallbackCounts, Callbacks } from '../../src/runtime/callbacks.ts';
import { ScriptedDelegate } from './scripted-delegate.ts';

/** Callbacks of cell 1 over a scripted delegate, and short ways to start one. */
export function scriptedCallbacks(onTool?: ScriptedDelegate['onTool']) {
  const delegate = new ScriptedDelegate();
  if (onTool !== undefined) delegate.onTool = onTool;
  const counts: CallbackCounts = { abandoned: 0, late: 0 };
  /** Calls that were answered, as `tool-1 true`. */
  const ended: string[] = [];
  const callbacks = new Callbacks(delegate, counts, ({ callId }, ok) => {
    ended.push(`${callId} ${ok}`);
  });
  let calls = 0;
  const call = (tool: string) => {
    calls += 1;
    return callbacks.invokeTool(toolCall(`tool-${calls}`, tool));
  };
  const notify = (text: string) => callbacks.notify({ cellId: '1', callId: null, text });
  return { delegate, counts, ended, callbacks, call, notify };
}

/** A call of cell 1 whose argument is the text `in`. */
export function toolCall(callId: string, tool: string): ToolCall {
  const toolName = { name: tool, namespace: null };
  return new ToolCall({ cellId: '1', callId, tool, toolName, kind: 'function', inputJson: '"in"' });
}
