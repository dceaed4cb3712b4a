/** Describes what is wrong with an answer that lacks any of these parts. */
export type Expect = (answer: string | undefined, ...parts: readonly (string | RegExp)[]) => void;

/** The moves of a model for one purpose: it yields calls, and gets one text for each. */
export interface Scenario<Call> {
  readonly name: string;
  play(expect: Expect): Generator<readonly Call[], void, readonly string[]>;
}

/** The result of one scenario. `problems` is empty if it succeeded. */
export interface ScenarioResult {
  readonly name: string;
  readonly over: boolean;
  readonly problems: readonly string[];
}

/** Plays scenarios one after the other, one step for each request of the model's client. */
export class ScenarioPlayer<Call> {
  readonly #scenarios: readonly Scenario<Call>[];
  readonly #results: { name: string; over: boolean; problems: string[] }[] = [];
  #playing: ReturnType<Scenario<Call>['play']> | undefined;

  constructor(scenarios: readonly Scenario<Call>[]) {
    this.#scenarios = scenarios;
  }

  /** The results of all started scenarios. */
  get results(): readonly ScenarioResult[] {
    return this.#results;
  }

  /** Whether all scenarios were played to their ends, and no answer was wrong. */
  get wentWell(): boolean {
    const good = this.#results.filter(({ over, problems }) => over && problems.length === 0);
    return good.length === this.#scenarios.length;
  }

  /** The calls of the next step; none after the last one. */
  next(answers: readonly string[]): readonly Call[] {
    let step = this.#playing?.next(answers);
    while (step === undefined || step.done) {
      const last = this.#results.at(-1);
      if (last !== undefined) last.over = true;
      const scenario = this.#scenarios[this.#results.length];
      if (scenario === undefined) return [];
      const problems: string[] = [];
      this.#results.push({ name: scenario.name, over: false, problems });
      this.#playing = scenario.play((answer, ...parts) => {
        problems.push(...missingParts(answer, parts));
      });
      step = this.#playing.next([]);
    }
    return step.value;
  }
}

/** The ID of the cell that an answer reports as running; `none` if it reports none. */
export function runningCell(answer: string | undefined): string {
  return /Script running with cell ID (\S+)/.exec(answer ?? '')?.[1] ?? 'none';
}

function missingParts(
  answer: string | undefined,
  parts: readonly (string | RegExp)[],
): readonly string[] {
  if (answer === undefined || answer === '') return ['There was no answer'];
  const isIn = (part: string | RegExp) =>
    typeof part === 'string' ? answer.includes(part) : part.test(answer);
  const missing = parts.filter((part) => !isIn(part)).map((part) => JSON.stringify(String(part)));
  if (missing.length === 0) return [];
  return [`Expected ${missing.join(' and ')} in ${JSON.stringify(answer)}`];
}
