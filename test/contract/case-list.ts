import { describe, it } from 'node:test';

/** When a case is registered. */
export interface CaseConditions<F extends string> {
  /** Features it is about: without one of them there is nothing to assert. */
  readonly needs?: readonly F[];
  /** Features that have to be absent: it asserts what holds instead. */
  readonly lacks?: readonly F[];
}

type Conditional<F extends string, Body> = [Body] | [CaseConditions<F>, Body];

/** One thing that an implementation has to keep to. */
export interface ContractCase {
  readonly group: string;
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The cases of a contract that are for an implementation with these features. */
export class CaseList<F extends string> {
  readonly cases: ContractCase[] = [];
  /** Those that cannot be asserted because it lacks a feature they need, `group: name`. */
  readonly leftOut: string[] = [];
  readonly #features: Readonly<Record<F, boolean>>;
  #group = '';
  #groupNeeds: readonly F[] = [];

  constructor(features: Readonly<Record<F, boolean>>) {
    this.#features = features;
  }

  /** Names what the cases that `body` adds have in common, and what all of them need. */
  readonly describe = (name: string, ...rest: Conditional<F, () => void>): void => {
    const [{ needs = [] }, body] = rest.length === 1 ? [{}, ...rest] : rest;
    this.#group = name;
    this.#groupNeeds = needs;
    body();
  };

  /** Adds a case, unless the implementation is none that it is for. */
  readonly it = (name: string, ...rest: Conditional<F, () => Promise<void>>): void => {
    const [{ needs = [], lacks = [] }, run] = rest.length === 1 ? [{}, ...rest] : rest;
    const has = (feature: F) => this.#features[feature];
    if (lacks.some(has)) return;
    const isFor = [...this.#groupNeeds, ...needs].every(has);
    if (isFor) this.cases.push({ group: this.#group, name, run });
    else this.leftOut.push(`${this.#group}: ${name}`);
  };

  /** Hands every case to `node:test`. */
  register(): void {
    for (const [group, cases] of Map.groupBy(this.cases, (each) => each.group)) {
      describe(group, () => {
        for (const { name, run } of cases) it(name, run);
      });
    }
  }
}
