import { after, describe } from 'node:test';
import { endingCases } from './transport-ending-cases.ts';
import { faultCases } from './transport-fault-cases.ts';
import { flowCases } from './transport-flow-cases.ts';
import type { TransportKind } from './transport-peers.ts';

/** What every transport does. */
export function transportContract(kind: TransportKind): void {
  describe(`${kind.name}, as a transport`, () => {
    after(() => kind.close());
    flowCases(kind);
    endingCases(kind);
    faultCases(kind);
  });
}
