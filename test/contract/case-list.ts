import { describe, it } from 'node:test';

/** When a case is registered. */
export interface CaseConditions<F extends string> {
  /** Features that it tests: without all of them there is nothing to assert. */
  readonly needs?: readonly F[];
  /** Features that must be absent: it asserts what holds instead. */
  readonly lacks?: readonly F[];
}

type Conditional<F extends string, Body> = [Body] | [CaseConditions<F>, Body];

/** One requirement on an implementation. */
export interface ContractCase {
  readonly group: string;
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The cases of a contract for an implementation with these features. */
export class CaseList<F extends string> {
  readonly cases: ContractCase[] = [];
  /** Cases that are left out because a required feature is missing, as `group: name`. */
  readonly leftOut: string[] = [];
  readonly #features: Readonly<Record<F, boolean>>;
  #group = '';
  #groupNeeds: readonly F[] = [];

  constructor(features: Readonly<Record<F, boolean>>) {
    this.#features = features;
  }

  /** Groups the cases that `body` adds, with the features that all of them need. */
  readonly describe = (name: string, ...rest: Conditional<F, () => void>): void => {
    const [{ needs = [] }, body] = rest.length === 1 ? [{}, ...rest] : rest;
    this.#group = name;
    this.#groupNeeds = needs;
    body();
  };

  /** Adds a case, unless it is not for this implementation. */
  readonly it = (name: string, ...rest: Conditional<F, () => Promise<void>>): void => {
    const [{ needs = [], lacks = [] }, run] = rest.length === 1 ? [{}, ...rest] : rest;
    const has = (feature: F) => this.#features[feature];
    if (lacks.some(has)) return;
    const isFor = [...this.#groupNeeds, ...needs].every(has);
    if (isFor) this.cases.push({ group: this.#group, name, run });
    else this.leftOut.push(`${this.#group}: ${name}`);
  };

  /** Registers every case with `node:test`. */
  register(): void {
    for (const [group, cases] of Map.groupBy(this.cases, (each) => each.group)) {
      describe(group, () => {
        for (const { name, run } of cases) it(name, run);
      });
    }
  }
}
