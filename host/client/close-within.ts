import { CodeModeError } from '../../src/errors.ts';

/** Something to close, and its name in errors. */
export interface Closing {
  readonly name: string;
  close(): Promise<unknown>;
}

/**
 * Closes all of them at once, and waits until `deadline`.
 *
 * @returns What failed, and what was not closed in time. Never rejects.
 */
export async function closeWithin(
  all: readonly Closing[],
  deadline: Promise<'late'>,
  deadlineMs: number,
): Promise<readonly Error[]> {
  const errors: Error[] = [];
  const open = new Set(all);
  const closings = all.map(async (one) => {
    try {
      await one.close();
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    } finally {
      open.delete(one);
    }
  });
  await Promise.race([Promise.all(closings), deadline]);
  const late = [...open].map(({ name }) => {
    const text = `Cannot close ${name} in time: it took more than ${deadlineMs} ms`;
    return new CodeModeError('cancelled', text);
  });
  return [...errors, ...late];
}
