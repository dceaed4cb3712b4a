import { after } from 'node:test';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { sessionContract } from '../../contract/session-contract.ts';
import { sessionOver } from '../../support/session-over.ts';

const sandbox = processSandbox();
after(() => sandbox.close());

sessionContract('SessionRuntime over sandbox processes', sessionOver(sandbox));
