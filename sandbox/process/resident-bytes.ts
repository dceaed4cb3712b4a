import { readFileSync } from 'node:fs';

const PAGE_BYTES = 4_096;

/** The resident memory of a process, in bytes; 0 if that is unknown. */
export function residentBytes(pid: number | undefined): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Number(pages) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
