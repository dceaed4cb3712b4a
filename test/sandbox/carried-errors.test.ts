import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isolateSandbox } from '../../sandbox/isolate/isolate-sandbox.ts';
import { processSandbox } from '../../sandbox/process/process-sandbox.ts';
import { CarriedError, ErrorText } from '../../src/errors.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';

const SOURCE = 'try { await tools.t(1) } catch (error) { text(error.message) }';
const MESSAGES = ['é "quoted"\n', `€\\${'x'.repeat(100_000)}`];

describe('The message of an error that came as bytes', () => {
  for (const [name, make] of Object.entries({ isolateSandbox, processSandbox })) {
    it(`reaches a program as any other: ${name}`, { timeout: 30_000 }, async () => {
      await using sandbox = make();
      let carried = new ErrorText(Buffer.alloc(0), false);
      const delegate = {
        invokeTool: () => Promise.reject(new CarriedError(carried)),
        notify: () => Promise.resolve(),
      };
      const tools = [{ name: 't', description: 't' }];
      await using session = new SessionRuntime({ sandbox, delegate, tools });
      for (const message of MESSAGES) {
        for (const isJson of [true, false]) {
          carried = new ErrorText(Buffer.from(isJson ? JSON.stringify(message) : message), isJson);
          const { items } = await session.run(SOURCE);
          assert.deepEqual(items, [{ type: 'input_text', text: message }]);
          assert.equal(new CarriedError(carried).message, message);
        }
      }
    });
  }
});
