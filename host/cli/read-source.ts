import { createReadStream } from 'node:fs';
import { abortable } from 'abort-controller-x';
import { CodeModeError } from '../../src/errors.ts';
import { fileProblem } from '../io/file-problem.ts';
import type { CliInput } from './cli-io.ts';

/** What is read at most: more than any cell may have, little enough to hold. */
const MAX_SOURCE_BYTES = 16 * 1024 * 1024;

/** Where a program comes from. */
export type SourceOrigin =
  | { readonly type: 'code'; readonly code: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'stdin' };

/** Names the origin in messages. */
export function originName(origin: SourceOrigin): string {
  switch (origin.type) {
    case 'code':
      return '-e';
    case 'file':
      return origin.path;
    case 'stdin':
      return 'standard input';
  }
}

/**
 * Reads a program to its end.
 *
 * @throws `invalid_argument` if it cannot be read or is larger than 16 MiB; an `AbortError` when `signal` aborts.
 */
export async function readSource(
  origin: SourceOrigin,
  stdin: CliInput,
  signal: AbortSignal,
): Promise<string> {
  if (origin.type === 'code') return origin.code;
  const stream = origin.type === 'file' ? createReadStream(origin.path) : stdin;
  try {
    return await abortable(signal, readAll(stream));
  } catch (error) {
    if (signal.aborted) throw error;
    const text = `Cannot read ${originName(origin)}: ${fileProblem(error)}`;
    throw new CodeModeError('invalid_argument', text, { cause: error });
  }
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size > MAX_SOURCE_BYTES) throw new Error('it is larger than 16 MiB');
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
