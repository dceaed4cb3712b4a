import { transportContract } from '../contract/transport-contract.ts';
import { TRANSPORT_KINDS } from './transports/kinds.ts';

for (const kind of TRANSPORT_KINDS) transportContract(kind);
