import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpenRequests } from '../../../host/mcp-server/open-requests.ts';

describe('OpenRequests', () => {
  it('cancels a request that runs, and nothing that was answered', () => {
    const requests = new OpenRequests();
    const first = requests.begin(1);
    requests.cancel(2);
    assert.equal(first.signal.aborted, false);
    requests.cancel(1);
    assert.equal(first.signal.aborted, true);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assert.equal(requests.size, 0);
    const second = requests.begin(1);
    assert.equal(second.signal.aborted, false);
  });

  it('cancels neither of two requests with one id', () => {
    const requests = new OpenRequests();
    using first = requests.begin('a');
    const second = requests.begin('a');
    requests.cancel('a');
    assert.equal(first.signal.aborted || second.signal.aborted, false);
    second[Symbol.dispose]();
    requests.cancel('a');
    assert.equal(first.signal.aborted, true);
  });
});
