import { isolateSandbox } from '../../../sandbox/index.ts';
import { sandboxContract } from '../../contract/sandbox-contract.ts';

sandboxContract('IsolateSandbox', (options) => isolateSandbox(options));
