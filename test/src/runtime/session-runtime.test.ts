import { after } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { sessionContract } from '../../contract/session-contract.ts';
import { sessionOver } from '../../support/session-over.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

sessionContract('SessionRuntime over isolates of this process', sessionOver(sandbox));
