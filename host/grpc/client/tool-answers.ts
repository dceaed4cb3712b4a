import type { CompleteToolCallRequest } from '../generated/code-mode.ts';
import type { AskedCalls, CallHeaders } from './asked-calls.ts';
import type { CallAnswers } from './incoming.ts';

/** What sending answers needs. */
export interface ToolAnswersParts {
  readonly sessionId: string;
  readonly calls: AskedCalls;
  /** How long a healthy host takes to accept an answer, in milliseconds. */
  readonly ms: number;
  headers(): CallHeaders;
}

/** Sends the answers to the calls of one session. A host that wants them no longer ignores them. */
export function toolAnswers({ sessionId, calls, ms, headers }: ToolAnswersParts): CallAnswers {
  const ignore = () => {};
  const complete = (invocationId: string, outcome: CompleteToolCallRequest['outcome']) => {
    const request = { sessionId, invocationId, outcome };
    calls.ask('completeToolCall', request, ms, headers(), ignore).answer.catch(ignore);
  };
  const failed = (invocationId: string, message: string) =>
    complete(invocationId, { $case: 'failed', value: { message } });
  return {
    succeeded(invocationId, json) {
      try {
        complete(invocationId, { $case: 'succeeded', value: { outputJson: Buffer.from(json) } });
      } catch (error) {
        failed(invocationId, (error as Error).message);
      }
    },
    failed(invocationId, message) {
      try {
        failed(invocationId, message);
      } catch (error) {
        failed(invocationId, (error as Error).message);
      }
    },
    acknowledged(notificationId) {
      const request = { sessionId, notificationId };
      calls.ask('acknowledgeNotification', request, ms, headers(), ignore).answer.catch(ignore);
    },
  };
}
