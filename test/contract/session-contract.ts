import { describe } from 'node:test';
import { argumentCases } from './argument-cases.ts';
import { CaseList } from './case-list.ts';
import { closingCases } from './closing-cases.ts';
import { endingCases } from './ending-cases.ts';
import { eventsCases } from './events-cases.ts';
import { frontierCases } from './frontier-cases.ts';
import { limitCases } from './limit-cases.ts';
import { listingCases } from './listing-cases.ts';
import { observingCases } from './observing-cases.ts';
import { programCases } from './program-cases.ts';
import { runningCases } from './running-cases.ts';
import { ALL_FEATURES, type SessionFeature, type SessionFeatures } from './session-features.ts';
import type { SetUpSession } from './session-setup.ts';
import { terminatingCases } from './terminating-cases.ts';
import { unsupportedCases } from './unsupported-cases.ts';
import { valueCases } from './value-cases.ts';

/** The cases for an implementation with these features. */
export function sessionCases(
  setUp: SetUpSession,
  features: SessionFeatures,
): CaseList<SessionFeature> {
  const list = new CaseList<SessionFeature>(features);
  const { describe, it } = list;
  const contract = { describe, it, setUp, features };
  programCases(contract);
  runningCases(contract);
  argumentCases(contract);
  observingCases(contract);
  endingCases(contract);
  terminatingCases(contract);
  closingCases(contract);
  valueCases(contract);
  frontierCases(contract);
  limitCases(contract);
  listingCases(contract);
  eventsCases(contract);
  unsupportedCases(contract);
  return list;
}

/**
 * The contract of every `Session`. Programs are real JavaScript.
 *
 * @returns The cases that are left out because of a missing feature.
 */
export function sessionContract(
  name: string,
  setUp: SetUpSession,
  features: SessionFeatures = ALL_FEATURES,
): readonly string[] {
  const list = sessionCases(setUp, features);
  describe(`${name} keeps the contract of sessions`, () => list.register());
  return list.leftOut;
}
