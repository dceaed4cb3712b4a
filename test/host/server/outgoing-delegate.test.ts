import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostedSession } from '../../../host/core/hosted-session.ts';
import { OutgoingCalls } from '../../../host/core/outgoing-calls.ts';
import {
  type JsonAnswer,
  type JsonCall,
  OutgoingDelegate,
} from '../../../host/server/outgoing-delegate.ts';
import type { Delegate } from '../../../src/delegate.ts';
import { isLean } from '../../../src/runtime/lean-signal.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

describe('OutgoingDelegate', () => {
  it('is lean, and remains so behind a hosted session, unlike others', () => {
    const outlet = { send: () => undefined, cancel: () => {}, drained: () => undefined };
    const options = { capacity: 1, answersCancelled: false };
    const calls = new OutgoingCalls<JsonCall, JsonAnswer>(outlet, options);
    const session = new HostedSession({
      id: 's',
      closedRule: 'answers-sent',
      truncates: false,
      onCellClosed: () => {},
    });
    const isLeanBehind = (client: Delegate) => isLean(session.delegateOver(client));
    assert.equal(isLeanBehind(new OutgoingDelegate(calls, 's', true)), true);
    assert.equal(isLeanBehind(new ScriptedDelegate()), false);
  });
});
