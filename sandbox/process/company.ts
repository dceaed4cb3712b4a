/**
 * Who may be in a sandbox process beside its program.
 *
 * - `shared`: programs are entered by threads, so others may start at any time.
 * - `alone`: its only program may be entered by the main thread, which hears nothing meanwhile.
 * - `asked`: the process was told that others are to start; it has not confirmed that yet.
 * - `occupied`: it has taken long to confirm that. Probably the program computes.
 */
export type Phase = 'shared' | 'alone' | 'asked' | 'occupied';

/** What is known of a process. */
export interface Company {
  readonly phase: Phase;
  /** Whether it has said that it can leave a program alone. */
  readonly isAble: boolean;
}

export type CompanyInput =
  /** The process says that it can leave a program alone, or that its main thread is in no isolate. */
  | 'able'
  | 'shared'
  /** Its program is to be left alone. */
  | 'leave'
  /** Another program is to start. */
  | 'want'
  /** It has taken long to confirm that. */
  | 'overdue';

/** A process that has just been started. */
export const NO_COMPANY: Company = { phase: 'shared', isAble: false };

/** @returns The next state; null if no honest process says that now. */
export function nextCompany(company: Company, input: CompanyInput): Company | null {
  const { phase, isAble } = company;
  const isAsked = phase === 'asked' || phase === 'occupied';
  switch (input) {
    case 'able':
      return isAble ? null : { phase, isAble: true };
    case 'shared':
      return isAsked ? { phase: 'shared', isAble } : null;
    case 'leave':
      return isAble && phase === 'shared' ? { phase: 'alone', isAble } : company;
    case 'want':
      return phase === 'alone' ? { phase: 'asked', isAble } : company;
    case 'overdue':
      return phase === 'asked' ? { phase: 'occupied', isAble } : company;
  }
}

/** Whether a program may be started in a process now, or it may be asked for that, or neither. */
export type Access = 'open' | 'askable' | 'occupied';

/** @param load Programs that run in the process or may still be running. */
export function accessOf({ phase }: Company, load: number): Access {
  if (load === 0 || phase === 'shared') return 'open';
  return phase === 'occupied' ? 'occupied' : 'askable';
}
