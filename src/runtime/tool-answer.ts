import { JsonText } from '../delegate.ts';
import type { ToolAnswer } from '../sandbox.ts';

/** What a delegate's result is for the program: any JSON value, or why it is none. */
export function toAnswer(result: unknown): ToolAnswer {
  if (result instanceof JsonText) return { ok: true, json: result.text };
  try {
    const json: string | undefined = result === undefined ? 'null' : JSON.stringify(result);
    if (json !== undefined) return { ok: true, json };
    return { ok: false, message: `failed to serialize tool response: got a ${typeof result}` };
  } catch (error) {
    return { ok: false, message: `failed to serialize tool response: ${messageOf(error)}` };
  }
}

/** The text of whatever was thrown. Does not throw. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'the tool failed with an error that cannot be shown';
  }
}
