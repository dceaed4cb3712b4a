import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IsolateSandbox } from '../../../sandbox/isolate/isolate-sandbox.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

const TOOLS = [{ identifier: 'echo', description: '' }];

describe('A program that this thread enters', () => {
  it('has what it says written after each message, calls that go together once', async () => {
    await using sandbox = new IsolateSandbox();
    const heard: string[] = [];
    sandbox.enterThrough({
      isDirect: true,
      pass: (entry) => entry(),
      said: () => heard.push('written'),
      listen: () => {},
    });
    const calls = new RecordingCalls();
    calls.onLine = (line) => heard.push(line.split(' ')[0]!);
    calls.onTool = async () => ({ ok: true, text: '1' });
    const source = `text('a'); yield_control();
      await Promise.all(Array.from({ length: 40 }, () => tools.echo()));`;
    const { failure } = await calls.runIn(sandbox, contractProgram(source, { tools: TOOLS })).ended;
    assert.equal(failure, null);
    const written = heard.join(' ').replace(/(call )+/g, (all) => `${all.length / 5} calls `);
    // The first is that it has begun, the last that it has ended.
    assert.equal(written, 'started written text written yield written 40 calls written written');
  });
});
