import { isolateSandbox } from '../../../sandbox/index.ts';
import type { Sandbox } from '../../../src/sandbox.ts';
import { sandboxContract } from '../../contract/sandbox-contract.ts';

sandboxContract('IsolateSandbox', (options) => isolateSandbox(options));

/** Whatever runs in it belongs to one session, so that isolates are used again. */
function forOneSession(sandbox: Sandbox): Sandbox {
  const session = Symbol('the only one');
  return {
    isolation: sandbox.isolation,
    run: (program, calls) => sandbox.run(program, calls, session),
    release: () => sandbox.release(session),
    close: () => sandbox.close(),
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}

sandboxContract('IsolateSandbox, in used isolates', (options) =>
  forOneSession(isolateSandbox({ ...options, reserve: 0 })),
);
