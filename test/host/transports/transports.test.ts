import { transportContract } from '../../contract/transport-contract.ts';
import { TRANSPORT_KINDS } from './kinds.ts';

for (const kind of TRANSPORT_KINDS) transportContract(kind);
