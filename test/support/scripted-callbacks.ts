import { type Delegate, ToolCall } from '../../src/delegate.ts';
import { ByteBudget } from '../../src/runtime/byte-budget.ts';
import { type CallbackCounts, Callbacks } from '../../src/runtime/callbacks.ts';
import { ScriptedDelegate } from './scripted-delegate.ts';
import { type TextAnswer, withText } from './text-answer.ts';

/** Callbacks of cell 1 over a scripted delegate, and short ways to start one. */
export function scriptedCallbacks(
  does?: ScriptedDelegate['onTool'] | Delegate,
  maxBytes = Number.POSITIVE_INFINITY,
) {
  const delegate = new ScriptedDelegate();
  if (typeof does === 'function') delegate.onTool = does;
  const counts: CallbackCounts = { abandoned: 0, late: 0 };
  /** Calls that were answered, as `tool-1 true`. */
  const ended: string[] = [];
  const waiting = new Map<number, (answer: TextAnswer) => void>();
  const notifying: (() => void)[] = [];
  const overruns: string[] = [];
  /** What answers wait for. */
  const room: { full: Promise<boolean> | null } = { full: null };
  const budget = new ByteBudget('maxCellPendingBytes', maxBytes);
  const callbacks = new Callbacks(
    typeof does === 'object' ? does : delegate,
    counts,
    {
      room: () => room.full,
      toolEnded: (id, { callId }, answer) => {
        ended.push(`${callId} ${answer.ok}`);
        waiting.get(id)?.(withText(answer));
      },
      notified: () => notifying.shift()?.(),
      overrun: ({ name }) => overruns.push(name),
    },
    budget,
  );
  let calls = 0;
  const invoke = (toolCall: ToolCall) => {
    const { promise, resolve } = Promise.withResolvers<TextAnswer>();
    calls += 1;
    waiting.set(calls, resolve);
    callbacks.invokeTool(calls, toolCall);
    return promise;
  };
  const call = (tool: string) => invoke(toolCall(`tool-${calls + 1}`, tool));
  const notify = (text: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    notifying.push(resolve);
    callbacks.notify({ cellId: '1', callId: null, text });
    return promise;
  };
  return { delegate, counts, ended, overruns, room, budget, callbacks, invoke, call, notify };
}

/** A call of cell 1 whose argument is the text `in`. */
export function toolCall(callId: string, tool: string): ToolCall {
  const toolName = { name: tool, namespace: null };
  return new ToolCall({ cellId: '1', callId, tool, toolName, kind: 'function', inputJson: '"in"' });
}
