import { setTimeout } from 'node:timers/promises';
import type { LifecycleRun } from './lifecycle-run.ts';
import { CAPABILITIES, frame } from './v1-driver.ts';

/** Drives a fresh host, which has not been greeted. The caller ends its input afterwards. */
export type Scenario = (run: LifecycleRun) => Promise<void>;

/** A program that does not end. */
const FOREVER = 'await new Promise(() => {})';
/** Time enough for a program to get to where it waits, on a busy machine too. */
const SETTLED_MS = 250;

const pause = (ms: number) => `await new Promise((done) => setTimeout(done, ${ms}));`;

/** A scenario on a host that was greeted and has, most of the time, an open session. */
function greeted(drive: Scenario, capabilities = CAPABILITIES): Scenario {
  return (run) => {
    run.driver.hello(capabilities);
    return drive(run);
  };
}

function opened(drive: Scenario, capabilities = CAPABILITIES): Scenario {
  return greeted(async (run) => {
    await run.open();
    await drive(run);
  }, capabilities);
}

/** A host that goes by itself, because of what it is sent. */
function broken(bytes: Buffer): Scenario {
  return opened(async ({ driver }) => {
    driver.sendBytes(bytes);
    await driver.ended;
  });
}

const OBSERVING: Readonly<Record<string, Scenario>> = {
  'wait missing': opened((run) => run.wait('99')),
  'terminate with waiting observer': opened(async (run) => {
    await run.execute(`text("q"); ${FOREVER}`, SETTLED_MS).first;
    const waited = run.wait('1', 2_000);
    await run.terminate('1');
    await waited;
  }),
  'yield_control splits': opened(async (run) => {
    await run.execute('text("a"); yield_control(); text("b")').first;
    await run.wait('1');
  }),
  'yield_control unobserved lost': opened(async (run) => {
    const rest = `text("b"); yield_control(); await tools.gate(); text("c"); ${pause(60)}`;
    await run.execute(`text("a"); yield_control(); ${pause(60)} ${rest}`).first;
    await run.reached();
    const waited = run.wait('1', 1_000);
    run.pass();
    await waited;
  }),
  'buffered completion then gone': opened(async (run) => {
    await run.execute(`${pause(400)} text("late")`, 5).first;
    // Nothing tells a client that a result is there; where it is not yet, the answer is the same.
    await setTimeout(600);
    await run.wait('1');
    await run.wait('1');
  }),
  'yield zero': opened(async (run) => {
    await run.execute('text("a")', 0).first;
    await run.wait('1');
  }),
  'wait zero': opened(async (run) => {
    await run.execute(`text("a"); ${FOREVER}`, SETTLED_MS).first;
    await run.wait('1', 0);
    await run.terminate('1');
  }),
  'cancel wait': opened(async (run) => {
    await run.execute(FOREVER, 10).first;
    const waited = run.wait('1');
    run.cancel();
    await waited;
    await run.wait('1', 20);
    await run.terminate('1');
  }),
  'cancel unknown': opened(async (run) => {
    run.cancel(777);
    await run.execute('text(1)').first;
  }),
  'preempt first': opened(async (run) => {
    const { first } = run.execute(`text("p"); await tools.gate(); ${FOREVER}`);
    await run.reached();
    run.pass();
    run.preempt();
    await first;
    await run.terminate('1');
  }),
  'limits ok': greeted(async (run) => {
    await run.open('s', { cellExecutionLimits: { maxYieldTimeMs: 50 } });
    await run.execute(FOREVER).first;
    await run.terminate('1');
  }),
  'bounded output': opened(async (run) => {
    const source = 'text("x".repeat(100000)); text("tail")';
    await run.execute(source, 3_000, 's', { max_output_tokens: 100 }).first;
  }),
  'no caps': opened((run) => run.execute('text("x")').first, []),
};

const CALLING: Readonly<Record<string, Scenario>> = {
  'tool cancelled on terminate': opened(async (run) => {
    run.holdsCalls = true;
    await run.execute('await tools.echo({})', SETTLED_MS).first;
    await run.terminate('1');
  }),
  'tools continue unobserved': opened(async (run) => {
    const calls = 'for (let i = 0; i < 3; i++) await tools.echo({ i });';
    await run.execute(`${pause(400)} ${calls} text("done")`, 10).first;
    await run.seen(['tool', 'echo', 'tool-3']);
    await run.wait('1');
  }),
  'delegate wrong kind': opened(async (run) => {
    run.holdsCalls = true;
    const program = 'try { text(await tools.echo({ n: 1 })) } catch (e) { text("caught " + e) }';
    const { first } = run.execute(program);
    await run.called();
    run.release({ status: 'ok', value: { type: 'notification/delivered' } });
    await first;
  }),
  'late tool result after terminate': opened(async (run) => {
    run.holdsCalls = true;
    await run.execute('text(await tools.echo({ n: 1 }))', SETTLED_MS).first;
    await run.terminate('1');
    run.release();
    await run.execute('text("alive")').first;
  }),
  'busy loop terminates': opened(async (run) => {
    await run.execute('for (;;) {}', 30).first;
    await run.terminate('1');
    await run.execute('text("next")').first;
  }),
  'store snapshot at start': opened(async (run) => {
    const { first } = run.execute('await tools.gate(); text(typeof load("x"))');
    await run.reached();
    await run.execute('store("x", 1)').first;
    run.pass();
    await first;
    await run.execute('text(load("x"))').first;
  }),
  'store not visible before completion': opened(async (run) => {
    await run.execute('store("a", 1); await tools.gate()', 20).first;
    await run.reached();
    await run.execute('text(typeof load("a"))').first;
    run.pass();
    await run.wait('1');
    await run.execute('text(typeof load("a"))').first;
  }),
};

const SESSIONS: Readonly<Record<string, Scenario>> = {
  'shutdown answers waiters': opened(async (run) => {
    await run.execute(`text("w"); ${FOREVER}`, SETTLED_MS).first;
    const waited = run.wait('1');
    await run.shutdown();
    await waited;
  }),
  'open twice': opened((run) => run.open()),
  'open reuse after shutdown': opened(async (run) => {
    await run.shutdown();
    await run.open();
  }),
  'unknown session': greeted(async (run) => {
    await run.execute('1', 100, 'zz').started;
    await run.wait('1', 10, 'zz');
    await run.terminate('1', 'zz');
    await run.shutdown('zz');
  }),
  'cell ids count': opened(async (run) => {
    await run.execute('let x = ;').first;
    await run.execute('text(1)').first;
    await run.open('o');
    await run.execute('text(1)', 1_000, 'o').first;
  }),
};

const REQUEST =
  '{"type":"operation/request","id":1,"request":{"method":"session/open","sessionId":"s"}}';
const HELLO =
  '{"type":"connection/hello","supportedVersions":[1],"requiredCapabilities":[],"optionalCapabilities":[]}';

const ENDINGS: Readonly<Record<string, Scenario>> = {
  'second hello': broken(frame(HELLO)),
  'unknown type': broken(frame('{"type":"nope"}')),
  'bad json': broken(frame('{oops')),
  'truncated frame then eof': opened(async ({ driver }) => {
    driver.sendBytes(frame(`{"type"${' '.repeat(93)}`).subarray(0, 11));
  }),
  'eof with running cells': opened((run) => run.execute('for (;;) {}', 20).first),
  'eof before hello': async () => {},
  'no hello': async ({ driver }) => driver.sendBytes(frame(REQUEST)),
  'hello required unknown': async ({ driver }) =>
    driver.hello([], { requiredCapabilities: ['zzz'] }),
  'hello unknown field': async ({ driver }) => {
    driver.hello([], { extra: 1 });
    await driver.ended;
  },
};

/** How each recorded scenario is driven, by its name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...OBSERVING,
  ...CALLING,
  ...SESSIONS,
  ...ENDINGS,
};
