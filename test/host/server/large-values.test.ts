import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonText } from '../../../src/delegate.ts';
import { connect, connectWithSession, hostOf } from '../../support/v1-peer.ts';

const KIB = 1 << 10;

describe('Large values', () => {
  it('of a client reach the program as they came, and small ones behind them later', async () => {
    const got: string[] = [];
    const { host } = hostOf({
      programs: {
        two: (run) => {
          run.start();
          const calls = [run.callTool(0), run.callTool(0)];
          for (const call of calls) void call.then(({ text }) => got.push(text));
          void Promise.all(calls).then(() => run.end());
        },
      },
    });
    const { peer } = await connectWithSession(host);
    const execute = peer.execute('two');
    const [first, second] = [
      await peer.nextOf('delegate/request'),
      await peer.nextOf('delegate/request'),
    ];
    const large = `[ 1.0e2 , "é\\u00e9", 12345678901234567890, "${'x'.repeat(900 * KIB)}" ]`;
    peer.sendText(
      `{"id":${first.id},"result":{"value":{"result":${large},"type":"tool/result"},"status":"ok"},"type":"delegate/response"}`,
    );
    peer.respond(second.id, { type: 'tool/result', result: 'small' });
    await peer.initial(execute);
    assert.deepEqual(got, [large, '"small"']);
    await peer.close();
  });

  it('of a program reach the client as they are', async () => {
    const input = { text: `é"\\ ${'x'.repeat(900 * KIB)}` };
    const json = JSON.stringify(input);
    const { host } = hostOf({
      programs: {
        one: (run) => {
          run.start();
          void run.callTool(0, new JsonText(Buffer.from(json))).then(() => run.end());
        },
      },
    });
    const { peer } = await connectWithSession(host);
    const execute = peer.execute('one');
    const texts: string[] = [];
    peer.onText = (text) => texts.push(text);
    const { id, request } = await peer.nextOf('delegate/request');
    const { invocation } = request as { invocation: { input: unknown } };
    assert.deepEqual(invocation.input, input);
    assert.ok(texts.at(-1)?.endsWith(`,"input":${json}}}}`));
    peer.respond(id, { type: 'tool/result', result: null });
    await peer.initial(execute);
    await peer.close();
  });

  it('that a host would have to parse fail the request that has them, and no other', async () => {
    const { peer } = await connectWithSession(hostOf().host);
    const many = `[${'0,'.repeat(500_000)}0]`;
    const request = `{"method":"session/open","sessionId":"other","options":${many}}`;
    peer.sendText(`{"type":"operation/request","id":90,"request":${request}}`);
    assert.match(String(await peer.answer(90)), /more than 10000 values besides its tools/);
    assert.match(JSON.stringify(await peer.initial(peer.execute('hi'))), /Result/);
    await peer.close();
  });

  it('before the hello are refused', async () => {
    const { peer } = connect(hostOf().host);
    peer.sendText(`[${'0,'.repeat(40_000)}0]`);
    await peer.closed;
    assert.deepEqual(peer.received, []);
  });
});
