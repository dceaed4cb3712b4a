import { readFileSync } from 'node:fs';

const PAGE_BYTES = 4_096;

/** Memory a process uses, everything counted, in bytes; 0 where that cannot be told. */
export function residentBytes(pid: number | undefined): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Number(pages) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
