import { FrameSplitter, frame } from '../../../bench/peers/v1-frames.ts';

/** A message of the client, as far as this host looks at it. */
interface ClientMessage {
  readonly type: string;
  readonly id: number;
  readonly request: {
    readonly method: string;
    readonly sessionId: string;
    readonly request: { readonly source: string };
  };
  readonly result: { readonly value: { readonly result: { readonly n: number } } };
}

const splitter = new FrameSplitter();
const send = (message: object) => process.stdout.write(frame(JSON.stringify(message)));
const ok = (type: string, id: number, value: object) =>
  send({ type, id, result: { status: 'ok', value } });
/** Requests to execute, by the delegate calls that their cells made. */
const executions: number[] = [];

// A host for the tests of the client: one cell a session, whose source is `echo N` or `die`.
process.stdin.on('data', (chunk: Buffer) => {
  for (const body of splitter.push(chunk)) answer(JSON.parse(String(body)));
});

function answer({ type, id, request, result }: ClientMessage): void {
  switch (type) {
    case 'connection/hello':
      send({ type: 'connection/ready', selectedVersion: 1, capabilities: [] });
      return;
    case 'delegate/response': {
      const text = String(result.value.result?.n);
      const content_items = [{ type: 'input_text', text }];
      ok('execute/initialResponse', executions[id] ?? 0, {
        Result: { cell_id: '1', content_items },
      });
      return;
    }
    case 'operation/request':
      operate(id, request);
  }
}

function operate(id: number, request: ClientMessage['request']): void {
  if (request.method === 'session/execute') {
    const { source } = request.request;
    if (source === 'die') process.exit(0);
    const call = executions.push(id) - 1;
    const { sessionId } = request;
    const invocation = { cell_id: '1', input: { n: Number(source.slice(5)) } };
    // Before its cell is known to the client: that must not matter.
    const invoke = { type: 'tool/invoke', invocation };
    send({ type: 'delegate/request', id: call, sessionId, request: invoke });
    ok('operation/response', id, { type: 'execution/started', cellId: '1' });
  } else if (request.method === 'session/terminate') {
    const call = executions.length - 1;
    send({ type: 'delegate/cancel', id: call });
    ok('execute/initialResponse', executions[call] ?? 0, { Terminated: { cell_id: '1' } });
    ok('operation/response', id, { type: 'wait/completed' });
  } else {
    ok('operation/response', id, {});
  }
}
