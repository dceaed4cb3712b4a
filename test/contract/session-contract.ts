import { describe } from 'node:test';
import { closingCases } from './closing-cases.ts';
import { endingCases } from './ending-cases.ts';
import { eventsCases } from './events-cases.ts';
import { frontierCases } from './frontier-cases.ts';
import { limitCases } from './limit-cases.ts';
import { listingCases } from './listing-cases.ts';
import { observingCases } from './observing-cases.ts';
import { programCases } from './program-cases.ts';
import { ALL_FEATURES, type SessionFeatures, type SetUpSession } from './session-setup.ts';
import { terminatingCases } from './terminating-cases.ts';
import { valueCases } from './value-cases.ts';

/** What every `Session` keeps to, whatever is behind it. Programs are real JavaScript. */
export function sessionContract(
  name: string,
  setUp: SetUpSession,
  features: SessionFeatures = ALL_FEATURES,
): void {
  describe(`${name} keeps the contract of sessions`, () => {
    programCases(setUp, features);
    observingCases(setUp, features);
    endingCases(setUp, features);
    terminatingCases(setUp, features);
    closingCases(setUp, features);
    valueCases(setUp);
    if (features.frontiers) frontierCases(setUp);
    if (features.limits) limitCases(setUp);
    if (features.listing) listingCases(setUp);
    if (features.liveEvents) eventsCases(setUp);
  });
}
