import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { sandboxContract } from '../../contract/sandbox-contract.ts';

sandboxContract('ProcessSandbox', (options) => processSandbox(options));
