import { JsonText } from '../delegate.ts';
import { CarriedError, type ErrorText, messageOf } from '../errors.ts';

/** The answer to a tool call as the program gets it: JSON, or the message of an error. */
export interface ToolAnswer {
  readonly ok: boolean;
  readonly text: string | JsonText | ErrorText;
}

/** What a call that threw has instead of a result. */
export class Failure {
  readonly message: string | ErrorText;

  constructor(message: string | ErrorText) {
    this.message = message;
  }
}

/** The answer for a delegate's result; an error if the result is not a JSON value. */
export function toAnswer(result: unknown): ToolAnswer {
  if (result instanceof JsonText) return { ok: true, text: result };
  if (result instanceof Failure) return failed(result.message);
  try {
    const json: string | undefined = result === undefined ? 'null' : JSON.stringify(result);
    if (json !== undefined) return { ok: true, text: json };
    return failed(`failed to serialize tool response: got a ${typeof result}`);
  } catch (error) {
    return failed(`failed to serialize tool response: ${messageOf(error)}`);
  }
}

/** The answer of a call that threw. */
export function failed(text: string | ErrorText): ToolAnswer {
  return { ok: false, text };
}

/** What is left of anything that was thrown. Does not throw. */
export function failureOf(error: unknown): Failure {
  try {
    if (error instanceof CarriedError) return new Failure(error.carried);
  } catch {
    // A revoked proxy cannot even be asked what it is.
  }
  return new Failure(messageOf(error));
}
