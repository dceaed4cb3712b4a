import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { sandboxContract } from '../../contract/sandbox-contract.ts';

sandboxContract('ProcessSandbox that leaves programs alone', (options) =>
  processSandbox({ ...options, aloneAfter: 1 }),
);
